/* Gives Janus the libsrtp that we use ourselves (pylibsrtp's, on OpenSSL) in place of Debian's, which
 * encrypts through NSS. Preloaded; BENCH_SRTP is the path of pylibsrtp's module. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static void *library;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("BENCH_SRTP");
    library = path ? dlopen(path, RTLD_LAZY | RTLD_LOCAL | RTLD_DEEPBIND) : NULL;
    if (!library) {
        fprintf(stderr, "%s\n", path ? dlerror() : "BENCH_SRTP is not set");
        _Exit(70);
    }
}

#define FORWARD(name)                                                                              \
    long name(long a, long b, long c, long d)                                                      \
    {                                                                                              \
        static long (*function)(long, long, long, long);                                           \
        if (!function)                                                                             \
            function = (long (*)(long, long, long, long))dlsym(library, #name);                    \
        return function(a, b, c, d);                                                               \
    }

FORWARD(srtp_create)
FORWARD(srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32)
FORWARD(srtp_crypto_policy_set_aes_gcm_128_16_auth)
FORWARD(srtp_crypto_policy_set_aes_gcm_256_16_auth)
FORWARD(srtp_crypto_policy_set_rtp_default)
FORWARD(srtp_dealloc)
FORWARD(srtp_get_version_string)
FORWARD(srtp_init)
FORWARD(srtp_protect)
FORWARD(srtp_protect_rtcp)
FORWARD(srtp_unprotect)
FORWARD(srtp_unprotect_rtcp)

/* The module names a few of Python's symbols, which libsrtp never calls; data must resolve. */
long _Py_NoneStruct[16];
