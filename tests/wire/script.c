/* SPDX-License-Identifier: MIT */
/* script.c: reads transcripts and plays them. The form is in transcripts/README.md. */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENT, SERVER, LOG, STATE, TLS, QUERY, COPY_DATA, COPY_DONE, TERMINATE, END, BROKEN };

static const char *const kinds[] = { "client", "server",    "log",       "state", "tls",   "query",
                                     "copy_data", "copy_done", "terminate", "eof",   "broken" };

/* ---- bytes ---------------------------------------------------------------------------------- */

typedef struct source {
    const char *at;
    uint8_t *out;
    size_t n, cap;
    bool bad;
} source;

static void put(source *s, unsigned byte)
{
    if (s->n >= s->cap)
        s->bad = true;
    else
        s->out[s->n++] = (uint8_t)byte;
}

static int hex(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

static void put_pair(source *s, const char *at)
{
    if (hex(at[0]) < 0 || hex(at[1]) < 0)
        s->bad = true;
    else
        put(s, (unsigned)(hex(at[0]) << 4 | hex(at[1])));
}

static void put_escape(source *s)
{
    switch (*++s->at) {
    case '0':
        put(s, 0);
        break;
    case 'n':
        put(s, '\n');
        break;
    case 'x':
        put_pair(s, s->at + 1);
        s->at += s->bad ? 0 : 2;
        break;
    case '"':
    case '\\':
        put(s, (unsigned char)*s->at);
        break;
    default:
        s->bad = true;
    }
}

static void put_string(source *s)
{
    for (s->at++; *s->at != '"' && !s->bad; s->at++) {
        if (*s->at == '\0')
            s->bad = true;
        else if (*s->at == '\\')
            put_escape(s);
        else
            put(s, (unsigned char)*s->at);
    }
    s->at += s->bad ? 0 : 1;
}

static void put_message(source *s);

static void put_all(source *s, char end)
{
    while (!s->bad && *s->at != end) {
        if (*s->at == ' ' || *s->at == '\n') {
            s->at++;
        } else if (*s->at == '"') {
            put_string(s);
        } else if (*s->at == '(' || (*s->at != '\0' && s->at[1] == '(')) {
            put_message(s);
        } else {
            put_pair(s, s->at);
            s->at += s->bad ? 0 : 2;
        }
    }
}

static void put_message(source *s)
{
    size_t start, len;
    if (*s->at != '(')
        put(s, (unsigned char)*s->at++);
    s->at++;
    start = s->n;
    put(s, 0), put(s, 0), put(s, 0), put(s, 0);
    put_all(s, ')');
    if (s->bad)
        return;
    s->at++;
    len = s->n - start;
    s->out[start + 2] = (uint8_t)(len >> 8);
    s->out[start + 3] = (uint8_t)len;
}

size_t script_bytes(const char *text, uint8_t *out, size_t cap)
{
    source s = { text, out, 0, cap, false };
    put_all(&s, '\0');
    return s.bad ? SIZE_MAX : s.n;
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool complain(const script *s, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", s->name, line, what);
    return false;
}

/* The number of the word in a list of words, or -1. */
static int find_word(const char *const *words, size_t count, const char *word)
{
    size_t i;
    for (i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return (int)i;
    return -1;
}

static bool set_choice(const char *value, const char *const *words, size_t count, int *choice)
{
    *choice = find_word(words, count, value);
    return *choice >= 0;
}

static bool set_auth(ww_conn_config *config, char *value)
{
    static const char *const words[] = { "none", "cleartext", "md5", "scram", "cleartext_safe",
                                         "oauth" };
    char *word = value;
    while (word != NULL) {
        char *comma = strchr(word, ',');
        int i;
        if (comma != NULL)
            *comma++ = '\0';
        if (!set_choice(word, words, sizeof words / sizeof words[0], &i))
            return false;
        config->allowed_auth |= 1u << i;
        word = comma;
    }
    return true;
}

static bool set_config(ww_conn_config *config, const char *key, char *value)
{
    static const char *const tls[] = { "plain", "prefer", "require", "direct" };
    static const char *const binding[] = { "prefer", "disable", "require" };
    int choice = 0;
    bool ok = true;
    if (strcmp(key, "user") == 0)
        config->user = value;
    else if (strcmp(key, "database") == 0)
        config->database = value;
    else if (strcmp(key, "password") == 0)
        config->password = value;
    else if (strcmp(key, "token") == 0)
        config->oauth_token = value;
    else if (strcmp(key, "replication") == 0)
        config->replication = true;
    else if (strcmp(key, "local") == 0)
        config->local = true;
    else if (strcmp(key, "protocol") == 0)
        config->protocol = strcmp(value, "3.2") == 0 ? WW_PROTOCOL_3_2 : WW_PROTOCOL_3_0;
    else if (strcmp(key, "tls") == 0)
        ok = set_choice(value, tls, 4, &choice), config->tls = (ww_conn_tls)choice;
    else if (strcmp(key, "binding") == 0)
        ok = set_choice(value, binding, 3, &choice),
        config->channel_binding = (ww_channel_binding)choice;
    else if (strcmp(key, "auth") == 0)
        ok = set_auth(config, value);
    else if (strcmp(key, "nonce") == 0)
        ok = script_bytes(value, config->nonce, sizeof config->nonce) == sizeof config->nonce;
    else
        ok = false;
    return ok;
}

/* "key=value key=value" */
static bool read_config(script *s, char *rest, int line)
{
    while (*rest != '\0') {
        char *value = strchr(rest, '='), *end = strchr(rest, ' ');
        if (end != NULL)
            *end++ = '\0';
        if (value == NULL)
            return complain(s, line, "no value");
        *value++ = '\0';
        if (!set_config(&s->config, rest, value))
            return complain(s, line, rest);
        rest = end != NULL ? end : strchr(value, '\0');
    }
    return true;
}

static bool read_param(script *s, char *rest, int line)
{
    char *value = strchr(rest, '=');
    if (value == NULL || s->config.nparams >= SCRIPT_MAX_PARAMS)
        return complain(s, line, "no value, or too many params");
    *value++ = '\0';
    s->params[s->config.nparams].name = rest;
    s->params[s->config.nparams++].value = value;
    s->config.params = s->params;
    return true;
}

/* "alpn" and the hash of the certificate in hexadecimal; either may be absent. */
static bool read_tls(script_step *step, const char *rest)
{
    if (strncmp(rest, "alpn", 4) == 0) {
        step->tls.alpn_postgresql = true;
        rest += 4;
    }
    step->tls.cert_hash_len = script_bytes(rest, step->tls.cert_hash, sizeof step->tls.cert_hash);
    return step->tls.cert_hash_len != SIZE_MAX;
}

static bool read_step(script *s, const char *word, char *rest, int line)
{
    script_step *step = &s->steps[s->nsteps];
    int kind = find_word(kinds, sizeof kinds / sizeof kinds[0], word);
    if (kind < 0 || s->nsteps >= SCRIPT_MAX_STEPS)
        return complain(s, line, "unknown word, or too many steps");
    memset(step, 0, sizeof *step);
    step->kind = kind;
    step->line = line;
    step->text = rest;
    if (kind == TLS && !read_tls(step, rest))
        return complain(s, line, "not a hash");
    if (kind == CLIENT || kind == SERVER || kind == QUERY || kind == COPY_DATA) {
        step->bytes = s->bytes + s->nbytes;
        step->len = script_bytes(rest, s->bytes + s->nbytes, sizeof s->bytes - s->nbytes);
        if (step->len == SIZE_MAX)
            return complain(s, line, "not bytes");
        s->nbytes += step->len;
    }
    if (kind == SERVER)
        s->server_bytes += step->len;
    s->nsteps++;
    return true;
}

static bool read_line(script *s, char *line, int number)
{
    char *rest;
    if (*line == '\0' || *line == '#')
        return true;
    rest = strchr(line, ' ');
    rest = rest != NULL ? rest : strchr(line, '\0');
    while (*rest == ' ')
        *rest++ = '\0';
    if (strcmp(line, "config") == 0)
        return read_config(s, rest, number);
    if (strcmp(line, "param") == 0)
        return read_param(s, rest, number);
    return read_step(s, line, rest, number);
}

/* The end of a line and of those that continue it: they begin with a space. */
static char *end_of(char *line, int *number)
{
    char *end = line;
    do {
        end = strchr(end, '\n');
        if (end == NULL)
            return NULL;
        end++;
        ++*number;
    } while (*end == ' ');
    end[-1] = '\0';
    return end;
}

bool script_read(script *s, const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t n;
    int number = 1, next = 1;
    char *line, *end;
    memset(s, 0, sizeof *s);
    s->name = path;
    if (f == NULL)
        return complain(s, 0, "cannot be read");
    n = fread(s->text, 1, sizeof s->text - 1, f);
    fclose(f);
    if (n == sizeof s->text - 1)
        return complain(s, 0, "too long");
    for (line = s->text; (end = end_of(line, &next)) != NULL; line = end, number = next)
        if (!read_line(s, line, number))
            return false;
    return *line == '\0' || complain(s, number, "no newline at the end");
}

/* ---- playing -------------------------------------------------------------------------------- */

typedef struct play {
    const script *script;
    const script_delivery *how;
    peer peer;
    size_t delivered; /* bytes of the server's */
    size_t claimed;   /* bytes of the engine's that client steps have named */
    size_t logged;    /* characters of the log that log steps have named */
    bool stopped;     /* the cut has come */
} play;

static void print_bytes(const char *what, const uint8_t *bytes, size_t len)
{
    size_t i;
    fprintf(stderr, "  %s ", what);
    for (i = 0; i < len; i++)
        fprintf(stderr, "%02x", bytes[i]);
    fprintf(stderr, "\n");
}

static bool differ(const play *p, const script_step *step, const char *what)
{
    const script_delivery *d = p->how;
    complain(p->script, step->line, what);
    fprintf(stderr, "  chunk %zu, split %zu%s, send %zu; state %s\n  log so far:\n%s", d->chunk,
            d->split, d->cut ? " (cut)" : "", d->send_chunk, ww_conn_state_name(p->peer.conn.state),
            p->peer.log);
    return false;
}

static void deliver(play *p, const script_step *step)
{
    size_t done = 0;
    while (done < step->len) {
        size_t n = step->len - done;
        if (p->how->chunk != 0 && n > p->how->chunk)
            n = p->how->chunk;
        if (p->delivered < p->how->split && n > p->how->split - p->delivered)
            n = p->how->split - p->delivered;
        peer_feed(&p->peer, step->bytes + done, n);
        done += n;
        p->delivered += n;
        if (p->how->cut && p->delivered >= p->how->split) {
            p->stopped = true;
            return;
        }
    }
}

static bool check_sent(play *p, const script_step *step)
{
    size_t n = p->peer.nsent - p->claimed;
    if (n == step->len && memcmp(p->peer.sent + p->claimed, step->bytes, n) == 0) {
        p->claimed = p->peer.nsent;
        return true;
    }
    differ(p, step, "the engine sent something else");
    print_bytes("got ", p->peer.sent + p->claimed, n);
    print_bytes("want", step->bytes, step->len);
    return false;
}

static bool check_log(play *p, const script_step *step)
{
    size_t n = strlen(step->text);
    const char *at = p->peer.log + p->logged;
    if (p->logged + n >= p->peer.nlog || memcmp(at, step->text, n) != 0 || at[n] != '\n')
        return differ(p, step, "the log says something else");
    p->logged += n + 1;
    return true;
}

static bool command(play *p, const script_step *step)
{
    ww_slice bytes = { step->bytes, step->len };
    ww_conn *c = &p->peer.conn;
    ww_status status = step->kind == QUERY       ? ww_conn_query(c, bytes, NULL)
                       : step->kind == COPY_DATA ? ww_conn_copy_data(c, bytes, NULL)
                       : step->kind == COPY_DONE ? ww_conn_copy_done(c, NULL)
                                                 : ww_conn_terminate(c, NULL);
    peer_pump(&p->peer);
    return status == WW_OK || differ(p, step, "the engine refuses this command");
}

static bool take_step(play *p, const script_step *step)
{
    switch (step->kind) {
    case CLIENT:
        return check_sent(p, step);
    case SERVER:
        deliver(p, step);
        return true;
    case LOG:
        return check_log(p, step);
    case STATE:
        return strcmp(ww_conn_state_name(p->peer.conn.state), step->text) == 0 ||
               differ(p, step, "the engine is in another state");
    case TLS:
        ww_conn_tls_done(&p->peer.conn, &step->tls);
        peer_pump(&p->peer);
        return true;
    case END:
    case BROKEN:
        peer_eof(&p->peer, step->kind == END);
        return true;
    default:
        return command(p, step);
    }
}

/* After a cut: the log ends with an end, and an orderly one only where nothing is missing. */
static bool check_cut(play *p, const script_step *step)
{
    const ww_conn *c = &p->peer.conn;
    ww_conn_state before = c->state;
    bool ended = before == WW_CONN_FAILED || before == WW_CONN_CLOSED;
    bool torn = c->in_end > c->in_start;
    bool may_end = before == WW_CONN_IDLE || before == WW_CONN_COPY_COMPLETE;
    peer_eof(&p->peer, p->how->clean);
    if (ended)
        return true;
    if (p->peer.status == WW_END)
        return before == WW_CONN_TERMINATING || (may_end && p->how->clean && !torn) ||
               differ(p, step, "a broken connection passes for an orderly end");
    return p->peer.status < 0 || differ(p, step, "the engine waits for a closed connection");
}

static bool check_rest(play *p, const script_step *last)
{
    if (p->claimed != p->peer.nsent)
        return differ(p, last, "the engine sent more than the script says");
    if (p->logged != p->peer.nlog)
        return differ(p, last, "the log says more than the script");
    return true;
}

bool script_play(const script *s, const ww_crypto *crypto, const script_delivery *d)
{
    play *p = calloc(1, sizeof *p);
    ww_conn_config config = s->config;
    const script_step *step = s->steps, *end = s->steps + s->nsteps;
    bool ok = true;
    if (p == NULL)
        abort();
    p->script = s;
    p->how = d;
    config.crypto = crypto;
    p->peer.send_chunk = d->send_chunk;
    peer_open(&p->peer, &config);
    for (; ok && !p->stopped && step < end; step++)
        ok = take_step(p, step);
    if (ok)
        ok = p->stopped ? check_cut(p, step - 1) : check_rest(p, step - 1);
    peer_close(&p->peer);
    free(p);
    return ok;
}

/* ---- PBKDF2, remembered --------------------------------------------------------------------- */

typedef struct memo {
    uint8_t key[64], u[WW_SHA256_SIZE], acc[WW_SHA256_SIZE];
    size_t key_len;
    uint32_t rounds;
    uint8_t u_after[WW_SHA256_SIZE], acc_after[WW_SHA256_SIZE];
} memo;

static const ww_crypto *real_crypto;
static memo memos[16];
static size_t nmemos;

static bool same(const memo *m, ww_slice key, const uint8_t *u, const uint8_t *acc, uint32_t rounds)
{
    return m->rounds == rounds && m->key_len == key.len && memcmp(m->key, key.ptr, key.len) == 0 &&
           memcmp(m->u, u, sizeof m->u) == 0 && memcmp(m->acc, acc, sizeof m->acc) == 0;
}

static bool remembered_slice(void *ctx, ww_slice key, uint8_t u[WW_SHA256_SIZE],
                             uint8_t acc[WW_SHA256_SIZE], uint32_t rounds)
{
    size_t i;
    memo *m = &memos[nmemos];
    (void)ctx;
    for (i = 0; i < nmemos && !same(&memos[i], key, u, acc, rounds); i++)
        continue;
    if (i == nmemos) {
        if (nmemos + 1 >= sizeof memos / sizeof memos[0] || key.len > sizeof m->key)
            return real_crypto->pbkdf2_slice(real_crypto->ctx, key, u, acc, rounds);
        memcpy(m->key, key.ptr, key.len);
        m->key_len = key.len;
        m->rounds = rounds;
        memcpy(m->u, u, sizeof m->u);
        memcpy(m->acc, acc, sizeof m->acc);
        if (!real_crypto->pbkdf2_slice(real_crypto->ctx, key, u, acc, rounds))
            return false;
        memcpy(m->u_after, u, sizeof m->u);
        memcpy(m->acc_after, acc, sizeof m->acc);
        nmemos++;
    }
    memcpy(u, memos[i].u_after, WW_SHA256_SIZE);
    memcpy(acc, memos[i].acc_after, WW_SHA256_SIZE);
    return true;
}

const ww_crypto *script_crypto(const ww_crypto *real)
{
    static ww_crypto crypto;
    real_crypto = real;
    crypto = *real;
    crypto.pbkdf2_slice = remembered_slice;
    return &crypto;
}
