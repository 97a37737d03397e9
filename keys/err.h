/* SPDX-License-Identifier: MPL-2.0 */
/*
 * err - the one list of errors.
 *
 * Every function that can fail returns one of these. The label of an error is
 * also the reason a peer is told, the name of the counter that counts it and
 * the word in a log line, so a reader can follow one word from a log to its
 * source. Labels are part of the protocol (WIRE.md, "Refusal reasons"): rows
 * are added at the end of their group, never renamed.
 */
#ifndef CIM_KEYS_ERR_H
#define CIM_KEYS_ERR_H

#define CIM_MUST __attribute__((warn_unused_result))

/* X(name, label, text) */
#define CIM_ERRORS(X)                                                          \
    X(CIM_OK, "ok", "no error")                                                \
    /* the machine */                                                          \
    X(CIM_ENOMEM, "no-memory", "out of memory")                                \
    X(CIM_EIO, "io", "the system refused to read or write")                    \
    X(CIM_EEXIST, "exists", "it exists already")                               \
    X(CIM_ENOENT, "absent", "it does not exist")                               \
    X(CIM_EPERM, "permission", "not allowed, or others may read it")           \
    /* bytes: nothing about who sent them is known yet */                      \
    X(CIM_ESHORT, "short", "cut short")                                        \
    X(CIM_ETRAIL, "trailing", "bytes left over at the end")                    \
    X(CIM_ETOOBIG, "too-big", "larger than the protocol allows")               \
    X(CIM_EDEPTH, "depth", "nested deeper than the protocol allows")           \
    X(CIM_EFORM, "form", "not of the form the protocol prescribes")            \
    X(CIM_EVERSION, "version", "a version this program does not speak")        \
    X(CIM_EROOT, "root", "the events do not give the root that was signed")    \
    X(CIM_ESIG, "signature", "the signature does not verify")                  \
    X(CIM_EKEY, "unknown-key", "the key is not in the roster")                 \
    X(CIM_ERETIRED, "retired-key",                                             \
      "beyond the last position of a retired key")                             \
    /* events: proven, and refused nevertheless */                             \
    X(CIM_ECOMMUNITY, "community", "speaks under another community's name")    \
    X(CIM_ETOPIC, "topic", "the topic breaks the rules")                       \
    X(CIM_EEVENT, "event", "the event breaks the rules")                       \
    X(CIM_EFIELD, "field", "a field that this version does not know")          \
    /* requests */                                                             \
    X(CIM_ECONFLICT, "conflict", "the id was used for other content")          \
    X(CIM_EUNASKED, "unasked", "an answer nobody asked for")                   \
    X(CIM_EQUOTA, "quota", "more than one peer may ask for")                   \
    X(CIM_ESTATE, "state", "not possible in the present state")

enum cim_err {
#define CIM_ERR_ENUM(name, label, text) name,
    CIM_ERRORS(CIM_ERR_ENUM)
#undef CIM_ERR_ENUM
        CIM_ERR_N
};

/* A sentence for people: lower case, no full stop, never NULL. */
const char *cim_err_text(enum cim_err err);

/* The stable label: [a-z-]+, never NULL. */
const char *cim_err_label(enum cim_err err);

/*
 * What a parser adds to an error for the person who has to repair it: what,
 * where and what to do. Always NUL-terminated and printable ASCII or UTF-8
 * without control characters; empty when there is nothing to add.
 */
struct cim_diag {
    char text[240];
};

/* Writes a diag, printf-like; control characters become '?'. NULL is fine. */
void cim_diag_set(struct cim_diag *diag, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
