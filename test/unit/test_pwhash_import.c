/* Hashes of other programs: the vectors of kratos.md §6.5, and what Django 5, passlib 1.7, Werkzeug 3 and
 * libxcrypt made of known passwords; what is refused, and by which name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pwhash.h"

struct vector {
    const char *password, *hash;
};

static const struct vector vectors[] = {
    /* clang-format off */
    /* kratos.md §6.5 */
    {"test", "$2a$12$o6hx.Wog/wvFSkT/Bp/6DOxCtLRTDj7lm9on9suF/WaCGNVHbkfL6"},
    {"test", "$argon2id$v=19$m=32,t=2,p=4$cm94YnRVOW5jZzFzcVE4bQ$MNzk5BtR2vUhrp6qQEjRNw"},
    {"test", "$argon2i$v=19$m=65536,t=3,p=4$kk51rW/vxIVCYn+EG4kTSg$NyT88uraJ6im6dyha/M5jhXvpqlEdlS/9fEm7ScMb8c"},
    {"test", "$pbkdf2-sha256$i=100000,l=32$1jP+5Zxpxgtee/iPxGgOz0RfE9/KJuDElP1ley4VxXc$QJxzfvdbHYBpydCbHoFg3GJEqMFULwskiuqiJctoYpI"},
    {"test", "$pbkdf2-sha512$i=100000,l=32$bdHBpn7OWOivJMVJypy2UqR0UnaD5prQXRZevj/05YU$+wArTfv1a+bNGO1iZrmEdVjhA+lL11wF4/IxpgYfPwc"},
    {"test", "$pbkdf2-sha224$i=100000,l=32$A2nzbFd+wwzPSb+TqkF5Pw$9M4GM2yOYw/fZvsvQbF/0Ec8JO2u9O1MYRTfrDimX6o"},
    {"test", "$scrypt$ln=16384,r=8,p=1$2npRo7P03Mt8keSoMbyD/tKFWyUzjiQf2svUaNDSrhA=$MiCzNcIplSMqSBrm4HckjYqYhaVPPjTARTzwB1cVNYE="},
    {"8x4WjoDbSxJZdR", "$firescrypt$ln=14,r=8,p=1$sPtDhWcd1MfdAw==$xbSou7FOl6mChCyzpCPIQ7tku7nsQMTFtyOZSXXd7tjBa4NtimOx7v42Gv2SfzPQu1oxM2/k4SsbOu73wlKe1A==$Bw==$YE0dO4bwD4JnJafh6lZZfkp1MtKzuKAXQcDCJNJNyeCHairWHKENOkbh3dzwaCdizzOspwr/FITUVlnOAwPKyw=="},
    {"test123", "{SSHA}JFZFs0oHzxbMwkSJmYVeI8MnTDy/276a"},
    {"test123", "{SSHA256}czO44OTV17PcF1cRxWrLZLy9xHd7CWyVYplr1rOhuMlx/7IK"},
    {"test", "$sha1$pf=e1NBTFR9e1BBU1NXT1JEfQ==$NW9wbWtnejAzcg==$2qU2SGWP8viTM1md3FiI3+rjWXQ="},
    {"test", "$sha1$pf=Pz9zdGF0aWNQcmVmaXg/P3tTQUxUfXtQQVNTV09SRH0=$NW9wbWtnejAzcg==$SAAxMUn7jxckQXkBmsVF0nHwqso="},
    {"test", "$sha1$pf=e1BBU1NXT1JEfSUle1NBTFR9$NW9wbWtnejAzcg==$YX0AW8/MW5ojUlnzTaR43ucHCog="},
    {"test", "$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$NW9wbWtnejAzcg==$0gfRVLCvtBCk20udLDEY5vNhujWx7RGjwRIS1ebMsLY="},
    {"test", "$sha512$pf=e1NBTFR9e1BBU1NXT1JEfQ==$NW9wbWtnejAzcg==$6ctpVuApMNp0CgBXcdHw/GC562eFEFGr4gpgANX8ZYsX+j5B19IkdmOY2Fytsz3QUwSWdGcUjbqwgJGTH0UYvw=="},
    {"test", "$sha512$pf=e1NBTFR9JCR7UEFTU1dPUkR9$NW9wbWtnejAzcg==$1F9BPW8UtdJkZ9Dhlf+D4X4dJ9xfuH8y04EfuCP2k4aGPPq/aWxU9/xe3LydHmYW1/K3zu3NFO9ETVrZettz3w=="},
    {"test", "$md5$CY9rzUYh03PK3k6DJie09g=="},
    {"ory", "$md5$ptoWyof5SobW+pbZu2QXoQ=="},
    {"test", "$md5$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MTIz$q+RdKCgc+ipCAcm5ChQwlQ=="},
    {"test", "$md5-crypt$TVEiiKNb$SN6/pUaRQS/E8Jh46As2C/"},
    {"test", "$md5-crypt$$whuMjZj.HMFoaTaZRRtkO0"},
    {"test", "$sha256-crypt$rounds=535000$05R.9KB6UC2kLI3w$Q/zslzx./JjkAVPTwp6th7nW5l7JU91Gte/UmIh.U78"},
    {"ory", "$sha256-crypt$rounds=535000$awpcR7lDlnK/S7WE$vHU7KkQwyjfGz6u4MUi7.lH9htK/l63HloTsX1ZMz.3"},
    {"test", "$sha512-crypt$rounds=656000$3LVbIAVxR//cRajw$uuNasMW.RYxlGzIRFU1Was70BPSa933AjxhZIGJdJBOlqJAHlgqa0yuiuq5JHF/ryNGryJkj87G9i3G2HPSXg1"},
    {"test", "$hmac-md5$ZmU4Njk3Zjc0MmQwODA0MDVkMTI3MGU2MTYzMzE2Zjk=$MTIzNDU="},
    {"test", "$hmac-sha1$NDMyNjcxZTUyY2Y2YTBmYjZjZDE2NjQxYjAwNjFiZjAwOGEzNWM5MA==$MTIzNDU="},
    {"test", "$hmac-sha224$YmUwYmYzM2EwNGRlNDE0YjQzNjBhNmIyOThmNmIyYzI4OWQyMzk3MDUwZDFjMzliYjVmMDMyOTQ=$MTIzNDU="},
    {"test", "$hmac-sha256$ZTAzMWJhMWMyOTM4YjFkMjgzZjkxOWExZGY5YWM2NmMxOTJhN2RkNzQ0MzJkNWZkNGFkYTI5OTk0MWJhMTA5Zg==$MTIzNDU="},
    {"test", "$hmac-sha512$OTFmODY0ZTI1NmU0ZjVhYjhiMDViZGFmNGVmNGZmMGVlNTY4ODYwNWJhYTk4MTk2OTgyMzc3NzI1YTc4MzcxMTMzNzZmY2YxYTk5MGMxM2RiZDk2MGFmMmQ1YzRmODdlMGMwYTNkYjcyNjY0NjM4NGE4YzQ2MjNhZDZkN2UxZTE=$MTIzNDU="},
    {"test", "$md5$pf=e1NBTFR9JCR7UEFTU1dPUkR9$MTIzNA==$ud392Z8rfZ+Ou7ZFXYLKbA=="},
    {"123456", "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq"},
    {"123456", "$argon2id$v=19$m=16,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg"},
    {"123456", "$md5$4QrcOUm6Wau+VuBX8g+IPg=="},
    {"123456", "$hmac-sha256$YjhhZDA4YTNhNTQ3ZTM1ODI5YjgyMWI3NTM3MDMwMWRkOGM0YjA2YmRkNzc3MWY5YjU0MWE3NTkxNDA2ODcxOA==$MTIzNDU2"},
    /* made with the programs named above */
    {"correct horse", "pbkdf2_sha256$1000$NaClNaCl$DFRHyP75NhhP9KfmBQVw3DRMTlplRxD2m0/X6CUIpWg="},
    {"correct horse", "pbkdf2_sha1$1000$NaClNaCl$JdCWMhxIx0CAs1UOh2JUzsWlFp0="},
    {"correct horse", "argon2$argon2id$v=19$m=64,t=2,p=2$c2FsdHNhbHRzYWx0$THCSjrpCax479tYXWawe59i39WVulBofGTC62Hlp2Cs"},
    {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "bcrypt_sha256$$2b$04$y57uS31t7UUp8xPjJXD2pu3vhzl2S8kpUOSUwqT2d2lADQ/sFP1Bi"},
    {"correct horse", "bcrypt$$2b$04$dX78VaE07t/7b9Hha1abR.AnvsXZ98Vlpy4LfLioI9Zrj58zIii96"},
    {"correct horse", "scrypt$1024$saltsalt$8$5$C66pLB1DV2CkeqxDfL9muWn+lrPc2b4Pw+LM+//zEyl+COwkn+Rapbe//LH8XZoW8ExHF4avepCrFfG9NRBQTw=="},
    {"correct horse", "$pbkdf2-sha256$1000$vpfSOofwnhMCgPB.DyGklA$Ivsd9mxPoZcJ2.Qbcm64QkrgpQtJ7URfyfJugKLmPoo"},
    {"correct horse", "$pbkdf2-sha512$1000$DqGU8v4fQ6gVAqCU0rq31g$SRl6CmPpoflSVx9ox50d2A2MgKYNpVj2YUxw/896POrE/D/1OFwqAtDy0GvMTVCVEgzcMlqU/I7lYpBQ9TJZGA"},
    {"correct horse", "$pbkdf2$1000$CAGgVErp/T/HmDOmFELovQ$nCxr626M63J18ktUUkPtr9JNGfE"},
    {"correct horse", "$scrypt$ln=10,r=8,p=1$OOecsxbi/P+fc47R2hsjhA$OM38ZT+G8PXeVp9A1zSmgg0zsv4fI2Iv1y9N6EmYYI0"},
    {"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", "$bcrypt-sha256$v=2,t=2b,r=4$Jl10OQlzAFvn4PsuI/FbVe$sVSQ6egrxlB5WRrHQzFzqTBW2Gzw.M2"},
    {"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", "$bcrypt-sha256$2b,4$u2ApD6N0myF/KjJhbyetCu$sZOV6lhnMt.RujcTuoSZmfq00MupWTK"},
    {"correct horse", "$P$60lH9SAWwDduVmB.Hygd9b18n.pwvy0"},
    {"", "$H$6RRLwh0KEO9JawO5b6MsxgTSx43drU1"},
    {"", "$apr1$zB9yZfyy$UyyjNIMk2gq3CxTOuVp760"},
    {"a", "$apr1$Xw6Kv9yQ$8PLu1dtMx9t6aVGBjrtwd."},
    {"correct horse", "$apr1$3XBy6qF/$Tbbg3gr662vqqvRd9k4Xt."},
    {"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", "$apr1$o7ZMuV7Q$A1XK5eNzX63qOOwLyZY10/"},
    {"p\xc3\xa4" "sswort", "$apr1$k5MEoLJ2$bNUv8LM5UojfA.iuARHwk1"},
    {"correct horse", "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A="},
    {"correct horse", "$argon2id$v=19$m=64,t=2,p=3$7b2X0jpnTEkJIYRwjlFKSQ$cyEq6NfDatSJN6oSPtRkc6t2GTi8kT5ZSDgxfz3k6E0"},
    {"correct horse", "pbkdf2:sha256:1000$skvhW7CgrsKAIfhH$5a6b498724b726a1d9e56741662ee8a55d01dbfb7e410d0dbf0ca9a3c88457b3"},
    {"correct horse", "pbkdf2:sha512:1000$MgZizbbWYtpvbXjG$4e3a2e8dd800e32cf64d4bec93e3cee6b7b81c089a6f3463f72e6efe0551eacf7d82e05416a70131a39fa0217eccf583075787717a4f26bd8cfa659f03573e11"},
    {"correct horse", "scrypt:1024:8:1$RxW4qjG1btUzZJ7N$1390122339c00a2bfc5e031f59f940c28442752555561d487dec0d123d3fd2a56e0800708ee1a5a5fd0e6971de4af6df2b44f4f60c54e3bae8625c793445fc8e"},
    {"correct horse", "$y$j75$V7qMYJaNbVKOeh4PhtqPk/$iLFG.u/fL3YCEAXrIRIhP3yKwQoAA7aCiaOP9oaAYe8"},
    {"correct horse", "$y$j9T$V7qMYJaNbVKOeh4PhtqPk/$/0HeklzZDjUgcJZK1.y4bDfhulDWxQ9Eyb7xQNLI2m4"},
    /* clang-format on */
};

struct fixture {
    struct ww_op op;
    struct pwhash_pool *pool;
};

static int setup(void **state)
{
    static struct fixture f;
    struct pwhash_limits limits = {.memory_budget = 256 << 20, .workers = 2};
    memset(&f, 0, sizeof f);
    op_init(&f.op, NULL, NULL);
    assert_int_equal(pwhash_pool_new(&f.op, &limits, &f.pool), WW_OK);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    pwhash_pool_free(f->pool);
    op_free(&f->op);
    return 0;
}

/* Some of the vectors take a second each. */
static bool is_cheap(const char *hash)
{
    return !strstr(hash, "rounds=") && !strstr(hash, "100000") && !strstr(hash, "$2a$12") &&
           !strstr(hash, "m=65536") && !strstr(hash, "$firescrypt");
}

static void each_verifies_its_password_and_no_other(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        if (pwhash_check(&f->op, f->pool, v->hash)) {
            fail_msg("%s: %s", v->hash, f->op.problem.text);
        }
        enum ww_err err = pwhash_verify(&f->op, f->pool, v->hash, bytes_str(v->password));
        if (err) {
            fail_msg("%s: %d %s", v->hash, err, f->op.problem.text);
        }
        if (is_cheap(v->hash)) {
            assert_int_equal(pwhash_verify(&f->op, f->pool, v->hash, bytes_str("something else")),
                             WW_EDENIED);
        }
        assert_true(pwhash_outdated(v->hash, &(struct pwhash_params){.algorithm = PWHASH_ARGON2ID}));
    }
}

/* A bit of salt, hash or parameters more or less: refused, or no longer the password's. */
static void an_altered_hash_verifies_nothing(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char text[1024];
        size_t n = strlen(vectors[i].hash);
        for (size_t k = 1; k <= 3; k++) {
            snprintf(text, sizeof text, "%s", vectors[i].hash);
            char *c = &text[n * k / 4];
            *c = *c == '1' ? '2' : '1';
            enum ww_err err = pwhash_check(&f->op, f->pool, text);
            if (!err && is_cheap(text)) {
                err = pwhash_verify(&f->op, f->pool, text, bytes_str(vectors[i].password));
                assert_true(err == WW_EDENIED);
            }
        }
        /* Cut anywhere: taken apart all the same, without a crash. */
        for (size_t k = 0; k < n; k++) {
            snprintf(text, sizeof text, "%.*s", (int)k, vectors[i].hash);
            enum ww_err err = pwhash_check(&f->op, f->pool, text);
            assert_true(err == WW_OK || err == WW_EINVAL);
        }
    }
}

static void what_is_refused_is_refused_by_name(void **state)
{
    static const struct {
        const char *hash, *id;
    } bad[] = {
        {"", "unknown"},
        {"plain", "unknown"},
        {"$unknown$12$o6hx.Wog/wvFSkT/Bp/6DOxCtLRTDj7lm9on9suF/WaCGNVHbkfL6", "unknown"},
        {"$argon2d$v=19$m=64,t=2,p=1$dHJhY2Utc2FsdC0wMTIzeA$t3Z3JgUTvvxDvXm8qpmousWBilSvATWuIhiF1mvl/+k",
         "unknown"},
        {"$5$rounds=535000$awpcR7lDlnK/S7WE$vHU7KkQwyjfGz6u4MUi7.lH9htK/l63HloTsX1ZMz.3", "unknown"},
        {"$6$salt$hash", "unknown"},
        {"$hmac$ZmU4Njk3Zjc0MmQwODA0MDVkMTI3MGU2MTYzMzE2Zjk=$MTIzNDU=", "unknown"},
        {"$argon2id$v=16$m=64,t=2,p=1$dHJhY2Utc2FsdC0wMTIzeA$ekB/ftIetDYMtpRhGOpwA81PwsqPf5B3yRo7b2al2yk",
         "malformed"},
        {"$argon2id$v=19$m=64,p=1,t=2$dHJhY2Utc2FsdC0wMTIzeA$ekB/ftIetDYMtpRhGOpwA81PwsqPf5B3yRo7b2al2yk",
         "malformed"},
        {"$pbkdf2-sha256$1jP+5Zxpxgtee/iPxGgOz0RfE9/"
         "KJuDElP1ley4VxXc$QJxzfvdbHYBpydCbHoFg3GJEqMFULwskiuqiJctoYpI",
         "malformed"},
        {"$pbkdf2-sha512$I=100000,l=32$bdHBpn7OWOivJMVJypy2UqR0UnaD5prQXRZevj/"
         "05YU$+wArTfv1a+bNGO1iZrmEdVjhA+lL11w",
         "malformed"},
        {"$scrypt$ln=abc,r=8,p=1$2npRo7P03Mt8keSoMbyD/"
         "tKFWyUzjiQf2svUaNDSrhA=$MiCzNcIplSMqSBrm4HckjYqYhaVPPjTARTzwB1cVNYE=",
         "malformed"},
        {"{SSHA}tooshort", "malformed"},
        {"{SSHAnotExistent}JFZFs0oHzxbMwkSJmYVeI8MnTDy/276a", "malformed"},
        {"{SSHA1024}j9r83dXhUZNdUEgzUAPlxTYiS+"
         "l4skN4pBkUzb3hWtetQbxAd6xGhe58jErr6QzUjGWfBHaumn4Tjf77UqRmpHRyYWNlLXNh",
         "malformed"},
        {"$sha1$pf=$NW9wbWtnejAzcg==$2qU2SGWP8viTM1md3FiI3+rjWXQ=", "malformed"},
        {"$sha1$$NW9wbWtnejAzcg==$2qU2SGWP8viTM1md3FiI3+rjWXQ=", "malformed"},
        {"$sha1$NW9wbWtnejAzcg==$2qU2SGWP8viTM1md3FiI3+rjWXQ=", "malformed"},
        {"$sha1$pf=e1NBTFR9e1BBU1NXT1JEfQ==$5opmkgz03r$2qU2SGWP8viTM1md3FiI3+rjWXQ=", "malformed"},
        {"$sha1$pf=e1NBTFR9$NW9wbWtnejAzcg==$2qU2SGWP8viTM1md3FiI3+rjWXQ=", "malformed"}, /* no {PASSWORD} */
        {"$md5$$", "malformed"},
        {"$hmac-md5$ZmU4Njk3Zjc0MmQwODA0MDVkMTI3MGU2MTYzMzE2Zjk=", "malformed"},
        {"$hmac-invalid$ZmU4Njk3Zjc0MmQwODA0MDVkMTI3MGU2MTYzMzE2Zjk=$MTIzNDU=", "malformed"},
        {"$md5-crypt$whuMjZj.HMFoaTaZRRtkO0", "malformed"},
        {"$y$jAT$salt", "malformed"},
        {"$P$B12345678", "malformed"},
        {"$argon2id$v=19$m=8388608,t=1,p=1$dHJhY2Utc2FsdC0wMTIzeA$"
         "dHJhY2Utc2FsdC0wMTIzeHRyYWNlLXNhbHQtMDEyM3g",
         "costly"},
        {"$argon2i$v=19$m=64,t=1000,p=1$dHJhY2Utc2FsdC0wMTIzeA$dHJhY2Utc2FsdC0wMTIzeHRyYWNlLXNhbHQtMDEyM3g",
         "costly"},
        {"$argon2id$v=19$m=64,t=1,p=64$dHJhY2Utc2FsdC0wMTIzeA$dHJhY2Utc2FsdC0wMTIzeHRyYWNlLXNhbHQtMDEyM3g",
         "costly"},
        {"$pbkdf2-sha256$i=1000000000,l=32$dHJhY2Utc2FsdC0wMTIzeA$"
         "dHJhY2Utc2FsdC0wMTIzeHRyYWNlLXNhbHQtMDEyM3g",
         "costly"},
        {"$scrypt$ln=262144,r=8,p=1$dHJhY2Utc2FsdC0wMTIzeA==$dHJhY2Utc2FsdC0wMTIzeHRyYWNlLXNhbHQtMDEyM3g=",
         "costly"},
        {"$scrypt$ln=16385,r=8,p=1$dHJhY2Utc2FsdC0wMTIzeA==$dHJhY2Utc2FsdC0wMTIzeHRyYWNlLXNhbHQtMDEyM3g=",
         "costly"},
        {"$scrypt$ln=1024,r=1024,p=1$dHJhY2Utc2FsdC0wMTIzeA==$dHJhY2Utc2FsdC0wMTIzeHRyYWNlLXNhbHQtMDEyM3g=",
         "costly"},
        {"$firescrypt$ln=18,r=8,p=1$sPtDhWcd1MfdAw==$"
         "xbSou7FOl6mChCyzpCPIQ7tku7nsQMTFtyOZSXXd7tjBa4NtimOx7v42Gv2SfzPQu1oxM2/"
         "k4SsbOu73wlKe1A==$Bw==$YE0dO4bwD4JnJafh6lZZfkp1MtKzuKAXQcDCJNJNyeCHairWHKENOkbh3dzwaCdizzOspwr/"
         "FITUVlnOAwPKyw==",
         "costly"},
        {"$2a$20$Gpo5SUve9HJFodG1OMKQ0uSUq6JZh4DxD2eZdwK1cEP9gFZ8ResVa", "costly"},
        {"$sha512-crypt$rounds=999999999$3LVbIAVxR//"
         "cRajw$uuNasMW.RYxlGzIRFU1Was70BPSa933AjxhZIGJdJBOlqJAHlgqa0yuiuq5JHF/ryNGryJkj87G9i3G2HPSXg1",
         "costly"},
        {"$P$W12345678abcdefghijklmnopqrstuv", "costly"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char id[64];
        snprintf(id, sizeof id, "password_hash_%s", bad[i].id);
        assert_int_equal(pwhash_check(&f->op, f->pool, bad[i].hash), WW_EINVAL);
        if (strcmp(f->op.problem.id, id) != 0) {
            fail_msg("%s: %s", bad[i].hash, f->op.problem.id);
        }
        assert_string_equal(f->op.problem.field, "password");
        /* And never hashed, whatever a stored row says. */
        assert_int_equal(pwhash_verify(&f->op, f->pool, bad[i].hash, bytes_str("test")), WW_EINVAL);
    }
}

/* What an algorithm would cut is refused, not cut. */
static void no_password_is_cut(void **state)
{
    struct fixture *f = *state;
    char long_one[601];
    memset(long_one, 'a', 600);
    long_one[600] = 0;
    assert_int_equal(
        pwhash_verify(&f->op, f->pool, "$md5-crypt$TVEiiKNb$SN6/pUaRQS/E8Jh46As2C/", bytes_str(long_one)),
        WW_ETOOLARGE);
    assert_int_equal(pwhash_verify(&f->op, f->pool,
                                   "$2z$04$Yp.SZg6VszEdMf0wVwCHb.9tOdbvpJy0/k0tzcADqrIRiY046iTtG",
                                   BYTES(long_one, 73)),
                     WW_ETOOLARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_verifies_its_password_and_no_other, setup, teardown),
        cmocka_unit_test_setup_teardown(an_altered_hash_verifies_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_refused_is_refused_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(no_password_is_cut, setup, teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
