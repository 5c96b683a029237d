/* SPDX-License-Identifier: MIT */
/* test_net_files.c: certificates, keys and lists from files: what is read, what is refused, and
 * that a server accepts the client they make. Permissions are judged by mode and owner, so that
 * this holds for root too. */
#include "check.h"
#include "peer.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET "correct horse"
#define WRONG "wrong staple"

static identity root, client;

static ww_tls_config client_config(const char *key_file)
{
    ww_tls_config c = peer_config();
    c.cert_file = pki_path("client.crt");
    c.key_file = key_file != NULL ? pki_path(key_file) : NULL;
    return c;
}

static ww_status open_with(const ww_tls_config *c, ww_error *err)
{
    ww_status st;
    ww_tls *t;
    ww_error_clear(err);
    st = ww_tls_open(&t, c, err);
    CHECK((st == WW_OK) == (t != NULL));
    ww_tls_close(t);
    return st;
}

/* Refused, with this in the sentence, the file in the subject and no secret anywhere. */
static void expect(const ww_tls_config *c, const char *word, const char *file)
{
    ww_error err;
    CHECK_EQ_U64(open_with(c, &err), WW_ERR_TLS);
    if (!CHECK(strstr(err.what, word) != NULL) || !CHECK(strstr(err.subject, file) != NULL))
        fprintf(stderr, "    %s: %s\n", err.what, err.subject);
    CHECK(strstr(err.subject, SECRET) == NULL && strstr(err.what, SECRET) == NULL);
    CHECK(strstr(err.subject, WRONG) == NULL && strstr(err.what, WRONG) == NULL);
}

/* ---- the client's key ----------------------------------------------------------------------- */

static void keys_come_in_several_forms(void)
{
    static const struct {
        key_form form;
        const char *passphrase;
    } forms[] = {
        { KEY_PEM, NULL },
        { KEY_PEM_TRADITIONAL, NULL },
        { KEY_DER, NULL },
        { KEY_PEM, SECRET },
        { KEY_PEM_TRADITIONAL, SECRET },
        { KEY_DER, SECRET },
        { KEY_DER_TRADITIONAL, NULL },
    };
    size_t i;
    for (i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        ww_tls_config c = client_config("form.key");
        ww_error err;
        pki_write_key("form.key", client.key, forms[i].form, forms[i].passphrase, 0600);
        c.key_password = forms[i].passphrase;
        if (!CHECK_EQ_U64(open_with(&c, &err), WW_OK))
            fprintf(stderr, "    form %zu: %s: %s\n", i, err.what, err.subject);
        if (forms[i].passphrase == NULL)
            continue;
        c.key_password = WRONG;
        expect(&c, "passphrase does not open", "form.key");
        c.key_password = NULL;
        expect(&c, "encrypted", "form.key");
        c.key_password = "";
        expect(&c, "encrypted", "form.key");
    }
}

static void a_key_that_others_may_read_is_refused(void)
{
    static const unsigned refused[] = { 0644, 0604, 0601, 0660, 0620, 0650, 0610, 0777, 0602 };
    ww_tls_config c = client_config("mode.key");
    uid_t me = geteuid();
    ww_error err;
    size_t i;
    for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        pki_write_key("mode.key", client.key, KEY_PEM, NULL, refused[i]);
        expect(&c, "chmod 0600", "mode.key");
    }
    pki_write_key("mode.key", client.key, KEY_PEM, NULL, 0600);
    CHECK_EQ_U64(open_with(&c, &err), WW_OK);
    pki_write_key("mode.key", client.key, KEY_PEM, NULL, 0640);
    if (me == 0) { /* root's own may be readable by a group; somebody else's may not */
        CHECK_EQ_U64(open_with(&c, &err), WW_OK);
        CHECK(chown(pki_path("mode.key"), 65534, (gid_t)-1) == 0);
    }
    expect(&c, "chmod 0600", "mode.key");
}

static void odd_files_are_refused(void)
{
    ww_tls_config c = client_config("odd.key");
    ww_error err;
    expect(&c, "cannot be opened", "odd.key");
    CHECK_EQ_U64(open_with(&c, &err), WW_ERR_TLS);
    CHECK_EQ_U64(err.sys_errno, ENOENT);
    pki_write("odd.key", "", 0, 0600);
    expect(&c, "empty", "odd.key");
    pki_write("odd.key", "no key at all", 13, 0600);
    expect(&c, "no private key", "odd.key");
    pki_write_certs("odd.key", client.cert, NULL);
    CHECK(chmod(pki_path("odd.key"), 0600) == 0);
    expect(&c, "no private key", "odd.key");
    pki_write_key("odd.key", root.key, KEY_PEM, NULL, 0600);
    expect(&c, "does not belong", "odd.key");
    CHECK(unlink(pki_path("odd.key")) == 0 && mkdir(pki_path("odd.key"), 0700) == 0);
    expect(&c, "not a regular file", "odd.key");
    CHECK(rmdir(pki_path("odd.key")) == 0 && mkfifo(pki_path("odd.key"), 0600) == 0);
    expect(&c, "not a regular file", "odd.key"); /* and does not wait for a writer */
    CHECK(unlink(pki_path("odd.key")) == 0);
    CHECK(truncate(pki_path("huge.key"), 1) != 0);
    pki_write("huge.key", "x", 1, 0600);
    CHECK(truncate(pki_path("huge.key"), (16 << 20) + 1) == 0);
    c = client_config("huge.key");
    expect(&c, "larger than 16 MiB", "huge.key");
}

static void a_certificate_needs_its_key(void)
{
    ww_tls_config c = client_config(NULL);
    ww_error err;
    expect(&c, "set sslkey", "client.crt");
    c.cert_file = NULL;
    c.key_file = pki_path("nothing.key"); /* without a certificate the key is not looked at */
    CHECK_EQ_U64(open_with(&c, &err), WW_OK);
    c = client_config("client.key");
    c.cert_file = pki_path("nothing.crt");
    expect(&c, "cannot be opened", "nothing.crt");
    pki_write("garbage.crt", "garbage", 7, 0644);
    c.cert_file = pki_path("garbage.crt");
    expect(&c, "no certificate", "garbage.crt");
}

/* ---- trust ---------------------------------------------------------------------------------- */

static void trust_files_are_checked(void)
{
    static const char cut[] = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    ww_tls_config c = peer_config();
    ww_error err;
    c.verify = WW_TLS_VERIFY_CA;
    c.root_file = pki_path("none.crt");
    expect(&c, "cannot be opened", "none.crt");
    pki_write("bad.crt", "# nothing\n", 10, 0644);
    c.root_file = pki_path("bad.crt");
    expect(&c, "no certificates", "bad.crt");
    pki_write("bad.crt", cut, sizeof cut - 1, 0644);
    expect(&c, "damaged", "bad.crt");
    c.root_file = pki_path("root.crt");
    CHECK_EQ_U64(open_with(&c, &err), WW_OK);
    c.crl_file = pki_path("none.crl");
    expect(&c, "cannot be opened", "none.crl");
    c.crl_file = pki_path("root.crt");
    expect(&c, "no CRLs", "root.crt");
    c.crl_file = NULL;
    c.crl_dir = pki_path("no-directory");
    expect(&c, "directory cannot be opened", "no-directory");
    c.verify = WW_TLS_VERIFY_NONE; /* nothing is verified, nothing is read */
    CHECK_EQ_U64(open_with(&c, &err), WW_OK);
}

static void a_damaged_second_certificate_is_an_error(void)
{
    char text[8192];
    FILE *f = fopen(pki_path("root.crt"), "rb");
    size_t n = fread(text, 1, sizeof text / 2, f);
    ww_tls_config c = peer_config();
    fclose(f);
    n += (size_t)snprintf(text + n, sizeof text - n,
                          "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    pki_write("two.crt", text, n, 0644);
    c.verify = WW_TLS_VERIFY_CA;
    c.root_file = pki_path("two.crt");
    expect(&c, "damaged", "two.crt");
}

static void settings_must_agree(void)
{
    ww_tls_config c = peer_config();
    char longest[300];
    ww_error err;
    c.struct_size = 0;
    CHECK_EQ_U64(open_with(&c, &err), WW_ERR_USAGE);
    c = peer_config();
    c.verify = WW_TLS_VERIFY_CA;
    CHECK_EQ_U64(open_with(&c, &err), WW_ERR_USAGE);
    CHECK(strstr(err.what, "sslrootcert") != NULL);
    c.verify = WW_TLS_VERIFY_FULL;
    c.root_file = pki_path("root.crt");
    CHECK_EQ_U64(open_with(&c, &err), WW_ERR_USAGE);
    CHECK(strstr(err.what, "host") != NULL);
    c.host = "";
    CHECK_EQ_U64(open_with(&c, &err), WW_ERR_USAGE);
    c = peer_config();
    c.min_version = 0x0302;
    CHECK_EQ_U64(open_with(&c, &err), WW_ERR_USAGE);
    c.min_version = 0x0304;
    c.max_version = 0x0303;
    CHECK_EQ_U64(open_with(&c, &err), WW_ERR_USAGE);
    c.min_version = 0;
    CHECK_EQ_U64(open_with(&c, &err), WW_OK);
    c.max_version = 0x0302;
    CHECK_EQ_U64(open_with(&c, &err), WW_ERR_USAGE);
    c = peer_config();
    memset(longest, 'a', sizeof longest);
    longest[256] = '\0';
    c.alpn = longest;
    CHECK_EQ_U64(open_with(&c, &err), WW_ERR_USAGE);
    longest[255] = '\0';
    CHECK_EQ_U64(open_with(&c, &err), WW_OK);
    c.alpn = "";
    CHECK_EQ_U64(open_with(&c, &err), WW_ERR_USAGE);
    CHECK_EQ_U64(open_with(&c, NULL), WW_ERR_USAGE);
    ww_tls_close(NULL);
}

/* ---- a server that asks who we are ---------------------------------------------------------- */

/* Handshake, and the first bytes behind it: there a TLS 1.3 server's verdict arrives. */
static ww_status meet_one(int version, bool asks, const ww_tls_config *c, ww_error *err)
{
    X509_STORE *trusted;
    uint8_t in[8];
    ww_status st;
    size_t n;
    peer p;
    peer_open(&p);
    peer_serve(&p, &root, NULL);
    CHECK(SSL_CTX_set_max_proto_version(p.ctx, version) == 1);
    trusted = SSL_CTX_get_cert_store(p.ctx);
    CHECK(X509_STORE_add_cert(trusted, root.cert) == 1);
    if (asks)
        SSL_CTX_set_verify(p.ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    st = peer_handshake(&p, c, err);
    if (st == WW_OK && SSL_is_init_finished(p.ssl))
        CHECK(peer_write(&p, "hello", 5));
    if (st == WW_OK)
        st = peer_client_recv(&p, in, sizeof in, &n, err);
    peer_close(&p);
    return st;
}

static ww_status meet(int version, const ww_tls_config *c, ww_error *err)
{
    return meet_one(version, true, c, err);
}

static void a_server_may_have_to_ask(void)
{
    ww_tls_config c = client_config("client.key");
    ww_error err;
    int version;
    for (version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        c.cert_required = true;
        CHECK_EQ_U64(meet_one(version, true, &c, &err), WW_OK);
        CHECK_EQ_U64(meet_one(version, false, &c, &err), WW_ERR_TLS);
        CHECK(strstr(err.what, "did not ask") != NULL);
        c.cert_required = false;
        CHECK_EQ_U64(meet_one(version, false, &c, &err), WW_OK);
    }
    c.cert_required = true;
    c.cert_file = NULL;
    CHECK_EQ_U64(open_with(&c, &err), WW_ERR_TLS);
    CHECK(strstr(err.what, "no client certificate") != NULL);
}

static void servers_accept_the_clients_certificate(void)
{
    ww_tls_config c = client_config("client.key");
    ww_error err;
    CHECK_EQ_U64(meet(TLS1_3_VERSION, &c, &err), WW_OK);
    CHECK_EQ_U64(meet(TLS1_2_VERSION, &c, &err), WW_OK);
}

static void servers_refuse_others(void)
{
    cert_spec spec = { .cn = "nobody" };
    identity nobody = pki_make(&spec);
    ww_tls_config c = peer_config();
    ww_error err;
    CHECK_EQ_U64(meet(TLS1_3_VERSION, &c, &err), WW_ERR_TLS);
    CHECK(strstr(err.what, "wants a client certificate") != NULL);
    CHECK_EQ_U64(meet(TLS1_2_VERSION, &c, &err), WW_ERR_TLS);
    CHECK(strstr(err.what, "client certificate") != NULL);
    pki_write_certs("nobody.crt", nobody.cert, NULL);
    pki_write_key("nobody.key", nobody.key, KEY_PEM, NULL, 0600);
    c.cert_file = pki_path("nobody.crt");
    c.key_file = pki_path("nobody.key");
    CHECK_EQ_U64(meet(TLS1_3_VERSION, &c, &err), WW_ERR_TLS);
    CHECK(strstr(err.what, "does not accept the client's certificate") != NULL);
    CHECK_EQ_U64(meet(TLS1_2_VERSION, &c, &err), WW_ERR_TLS);
    CHECK(strstr(err.what, "does not accept the client's certificate") != NULL);
    pki_drop(&nobody);
}

/* The chain goes with the certificate: the server trusts the root alone. */
static void the_clients_chain_is_sent(void)
{
    cert_spec middle_spec = { .cn = "Client CA", .ca = true, .issuer = &root };
    identity middle = pki_make(&middle_spec), leaf;
    cert_spec spec = { .cn = "deep", .issuer = &middle };
    ww_tls_config c = peer_config();
    ww_error err;
    leaf = pki_make(&spec);
    pki_write_key("deep.key", leaf.key, KEY_PEM, NULL, 0600);
    c.key_file = pki_path("deep.key");
    c.cert_file = pki_path("deep.crt");
    pki_write_certs("deep.crt", leaf.cert, middle.cert);
    CHECK_EQ_U64(meet(TLS1_3_VERSION, &c, &err), WW_OK);
    pki_write_certs("deep.crt", leaf.cert, NULL);
    CHECK_EQ_U64(meet(TLS1_3_VERSION, &c, &err), WW_ERR_TLS);
    pki_drop(&middle);
    pki_drop(&leaf);
}

int main(void)
{
    cert_spec root_spec = { .cn = "Test Root", .ca = true };
    cert_spec spec = { .cn = "app", .issuer = &root, .for_clients = true };
    root = pki_make(&root_spec);
    spec.key = pki_key("EC");
    client = pki_make(&spec);
    EVP_PKEY_free(spec.key);
    pki_write_certs("root.crt", root.cert, NULL);
    pki_write_certs("client.crt", client.cert, NULL);
    pki_write_key("client.key", client.key, KEY_PEM, NULL, 0600);
    RUN(keys_come_in_several_forms);
    RUN(a_key_that_others_may_read_is_refused);
    RUN(odd_files_are_refused);
    RUN(a_certificate_needs_its_key);
    RUN(trust_files_are_checked);
    RUN(a_damaged_second_certificate_is_an_error);
    RUN(settings_must_agree);
    RUN(servers_accept_the_clients_certificate);
    RUN(a_server_may_have_to_ask);
    RUN(servers_refuse_others);
    RUN(the_clients_chain_is_sent);
    pki_drop(&root);
    pki_drop(&client);
    pki_clean();
    return check_report();
}
