/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A key file that parses gives keys that can be shown, read again and used to
 * sign; one that does not leaves nothing behind.
 */
#include "keys/identity.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void
check_identity(const struct cim_identity *id)
{
    struct cim_signkey key = cim_identity_signkey(id), again;
    struct cim_bytes data = cim_bytes_str("data");
    struct cim_signature sig;
    char text[CIM_KEY_TEXT_LEN + 1];

    cim_key_text(key.b, text);
    must(cim_key_parse(cim_bytes_str(text), again.b, NULL) == CIM_OK);
    must(memcmp(key.b, again.b, sizeof key.b) == 0);
    cim_identity_sign(id, CIM_CONTEXT_BATCH, data, &sig);
    must(cim_verify(&key, CIM_CONTEXT_BATCH, data, &sig) == CIM_OK);
    must(cim_verify(&key, CIM_CONTEXT_KEY, data, &sig) == CIM_ESIG);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cim_identity *id = NULL;
    struct cim_diag diag;

    must(cim_sodium_start() == CIM_OK);
    if (cim_identity_parse(cim_bytes_of(data, size), &id, &diag) != CIM_OK) {
        must(id == NULL);
        return 0;
    }
    check_identity(id);
    cim_identity_close(&id);
    return 0;
}
