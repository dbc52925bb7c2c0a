/* The hash formats, one row each (vault.md §7). Of several with one prefix the first that can read a text has
 * it: ours before the imported. */
#include "pwhash_format.h"

const struct pwhash_format *const pwhash_formats[] = {
    &pwhash_argon2id,
    &pwhash_bcrypt,
    /* verified only: kratos.md §6.4 */
    &pwhash_argon2id_import,
    &pwhash_argon2i_import,
    &pwhash_bcrypt_2,
    &pwhash_bcrypt_2z,
    &pwhash_pbkdf2_kratos, /* passlib's as well */
    &pwhash_scrypt_kratos, /* passlib's as well */
    &pwhash_firescrypt,
    &pwhash_ssha,
    &pwhash_sha1,
    &pwhash_sha256,
    &pwhash_sha512,
    &pwhash_md5,
    &pwhash_md5_crypt,
    &pwhash_sha256_crypt,
    &pwhash_sha512_crypt,
    &pwhash_hmac_kratos,
    /* what people bring from elsewhere */
    &pwhash_argon2_django,
    &pwhash_pbkdf2_django,
    &pwhash_bcrypt_django,
    &pwhash_bcrypt_sha256_django,
    &pwhash_scrypt_django,
    &pwhash_pbkdf2_passlib,
    &pwhash_bcrypt_passlib,
    &pwhash_pbkdf2_werkzeug,
    &pwhash_scrypt_werkzeug,
    &pwhash_yescrypt,
    &pwhash_phpass,
    &pwhash_phpass_bb,
    &pwhash_apr1,
    &pwhash_sha_label,
    NULL,
};
