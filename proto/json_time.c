/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Times as text. Days are counted from 1 March of year 0, so that the leap
 * day is the last of a year and months before it need no table: month m of
 * 0..11 starts at day (153 m + 2) / 5.
 */
#include <stdio.h>

#include "proto/json_private.h"

#define DAY_MS     INT64_C(86400000)
#define DAYS_1970  INT64_C(719468) /* from 0000-03-01 */
#define DAYS_400_Y INT64_C(146097)

static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;

    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 -
           DAYS_1970;
}

static void
date_of(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    int64_t n = days + DAYS_1970, cycle = n / DAYS_400_Y, in = n % DAYS_400_Y;
    int64_t y = (in - in / 1460 + in / 36524 - in / (DAYS_400_Y - 1)) / 365;
    int64_t of_year = in - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * of_year + 2) / 153;

    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = y + 400 * cycle + (*month <= 2);
}

void
cim_time_text(int64_t time_ms, char out[static CIM_TIME_TEXT_LEN + 1])
{
    int64_t year, month, day;

    if (time_ms < 0)
        time_ms = 0;
    if (time_ms > CIM_TIME_LAST_MS)
        time_ms = CIM_TIME_LAST_MS;
    date_of(time_ms / DAY_MS, &year, &month, &day);
    unsigned ms = (unsigned)(time_ms % DAY_MS);
    /* The masks change nothing; they bound the widths for the compiler. */
    snprintf(out, CIM_TIME_TEXT_LEN + 1, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
             (unsigned)year % 10000, (unsigned)month % 100, (unsigned)day % 100,
             ms / 3600000 % 24, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

struct cursor {
    struct cim_bytes text;
    size_t at;
    bool ok;
};

static int64_t
digits(struct cursor *c, size_t n)
{
    int64_t value = 0;

    for (; n > 0; n--, c->at++) {
        if (c->at >= c->text.len || c->text.p[c->at] < '0' ||
            c->text.p[c->at] > '9') {
            c->ok = false;
            return 0;
        }
        value = value * 10 + (c->text.p[c->at] - '0');
    }
    return value;
}

static bool
take(struct cursor *c, const char *any_of)
{
    for (; *any_of != '\0'; any_of++)
        if (c->at < c->text.len && c->text.p[c->at] == (uint8_t)*any_of) {
            c->at++;
            return true;
        }
    return false;
}

static void
need(struct cursor *c, const char *any_of)
{
    if (!take(c, any_of))
        c->ok = false;
}

/* ".5" is 500; digits beyond the third are dropped. */
static int64_t
fraction_ms(struct cursor *c)
{
    int64_t value = 0, unit = 100;
    size_t start;

    if (!take(c, "."))
        return 0;
    for (start = c->at; c->at < c->text.len && c->text.p[c->at] >= '0' &&
                        c->text.p[c->at] <= '9';
         c->at++, unit /= 10)
        value += (c->text.p[c->at] - '0') * unit;
    c->ok = c->ok && c->at > start;
    return value;
}

/* HH:MM:SS[.f]; second 60 is a leap second and falls into the next minute. */
static int64_t
clock_ms(struct cursor *c)
{
    int64_t hour = digits(c, 2);
    need(c, ":");
    int64_t minute = digits(c, 2);
    need(c, ":");
    int64_t second = digits(c, 2);

    c->ok = c->ok && hour < 24 && minute < 60 && second <= 60;
    return ((hour * 60 + minute) * 60 + second) * 1000 + fraction_ms(c);
}

/* What has to be taken off to get UTC. */
static int64_t
zone_ms(struct cursor *c)
{
    bool west = c->at < c->text.len && c->text.p[c->at] == '-';

    if (take(c, "Zz"))
        return 0;
    need(c, "+-");
    int64_t hour = digits(c, 2);
    need(c, ":");
    int64_t minute = digits(c, 2);
    c->ok = c->ok && hour < 24 && minute < 60;
    return (hour * 60 + minute) * (west ? -60000 : 60000);
}

static int64_t
date_ms(struct cursor *c)
{
    static const int64_t lengths[] = {31, 28, 31, 30, 31, 30,
                                      31, 31, 30, 31, 30, 31};
    int64_t year = digits(c, 4);
    need(c, "-");
    int64_t month = digits(c, 2);
    need(c, "-");
    int64_t day = digits(c, 2);
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    c->ok = c->ok && month >= 1 && month <= 12 && day >= 1 &&
            day <= lengths[(month + 11) % 12] + (leap && month == 2);
    return c->ok ? days_of(year, month, day) * DAY_MS : 0;
}

static enum cim_err
finish(const struct cursor *c, int64_t value, int64_t max, int64_t *out)
{
    if (!c->ok || c->at != c->text.len || value < 0 || value > max)
        return CIM_EFORM;
    *out = value;
    return CIM_OK;
}

enum cim_err
cim_time_parse(struct cim_bytes text, int64_t *time_ms)
{
    struct cursor c = {.text = text, .ok = true};
    int64_t value = date_ms(&c);

    need(&c, "Tt");
    value += clock_ms(&c);
    value -= zone_ms(&c);
    return finish(&c, value, CIM_TIME_LAST_MS, time_ms);
}

/* "UTC" or "Z", as the prototype's jobs wrote it. */
static void
need_utc(struct cursor *c)
{
    if (take(c, "Z"))
        return;
    need(c, "U");
    need(c, "T");
    need(c, "C");
}

enum cim_err
cim_day_time_parse(struct cim_bytes text, int64_t *day_ms)
{
    struct cursor c = {.text = text, .ok = true};
    int64_t value = clock_ms(&c);

    need_utc(&c);
    return finish(&c, value, DAY_MS, day_ms);
}

enum cim_err
cim_job_time_parse(struct cim_bytes text, int64_t *time_ms)
{
    struct cursor c = {.text = text, .ok = true};
    int64_t value = date_ms(&c);

    need(&c, "_T ");
    value += clock_ms(&c);
    need_utc(&c);
    return finish(&c, value, CIM_TIME_LAST_MS, time_ms);
}
