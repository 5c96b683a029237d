/* SPDX-License-Identifier: MIT */
/* keyword.c: the keywords, and what to say about those that are not among them. */
#include "conninfo.h"

#include "base/error.h"

#include <stddef.h>
#include <string.h>

const ww__keyword ww__keywords[] = {
#define KEYWORD_ROW(member, keyword, env) { keyword, env, offsetof(ww_conninfo, member) },
    WW_CONNINFO_MAP(KEYWORD_ROW)
#undef KEYWORD_ROW
};
const size_t ww__keyword_count = sizeof ww__keywords / sizeof ww__keywords[0];

/* What other programs call it. */
static const char *const aliases[][2] = {
    { "address", "hostaddr" }, { "appname", "application_name" }, { "database", "dbname" },
    { "db", "dbname" },        { "hostname", "host" },            { "pass", "password" },
    { "passwd", "password" },  { "pwd", "password" },             { "server", "host" },
    { "ssl", "sslmode" },      { "requiressl", "sslmode" },       { "username", "user" },
    { "timeout", "connect_timeout" },
};

static const char *const secrets[] = {
    "password",         "sslpassword",         "scram_client_key",
    "scram_server_key", "oauth_client_secret", "oauth_token",
};

#define NAME_MAX_LEN 40u /* longer than any keyword */

const ww__keyword *ww__keyword_find(ww_slice name)
{
    size_t i;
    for (i = 0; i < ww__keyword_count; i++)
        if (ww_slice_equal(name, ww_slice_of(ww__keywords[i].name)))
            return &ww__keywords[i];
    return NULL;
}

bool ww__keyword_is_secret(ww_slice name)
{
    size_t i;
    for (i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (ww_slice_equal(name, ww_slice_of(secrets[i])))
            return true;
    return false;
}

bool ww__keyword_may_be_empty(const ww__keyword *k)
{
    static const char *const strict[] = {
        "service", "sslmode", "channel_binding", "gssencmode", "min_protocol_version",
        "max_protocol_version", "connect_timeout", "keepalives", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "tcp_user_timeout", "sslnegotiation",
        "sslcertmode", "target_session_attrs", "load_balance_hosts", "scram_client_key",
        "scram_server_key",
    };
    size_t i;
    for (i = 0; i < sizeof strict / sizeof strict[0]; i++)
        if (strcmp(k->name, strict[i]) == 0)
            return false;
    return true;
}

/* ---- the nearest ---------------------------------------------------------------------------- */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours, in any case; any number above `most`
 * if there are more than that. Both are at most NAME_MAX_LEN long. */
static size_t edit_distance(ww_slice a, ww_slice b, size_t most)
{
    size_t rows[3][NAME_MAX_LEN + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    size_t i, j;
    if (a.len > b.len + most || b.len > a.len + most)
        return most + 1;
    for (j = 0; j <= b.len; j++)
        row[j] = j;
    for (i = 1; i <= a.len; i++) {
        size_t *free_row = before;
        before = above;
        above = row;
        row = free_row;
        row[0] = i;
        for (j = 1; j <= b.len; j++) {
            bool same = lower(a.ptr[i - 1]) == lower(b.ptr[j - 1]);
            row[j] = least(above[j - 1] + !same, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a.ptr[i - 1]) == lower(b.ptr[j - 2]) &&
                lower(a.ptr[i - 2]) == lower(b.ptr[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return row[b.len];
}

/* The known keyword that was probably meant; NULL if nothing is near. */
static const char *nearest_keyword(ww_slice name)
{
    size_t best = name.len / 3 > 0 ? name.len / 3 : 1;
    const char *found = NULL;
    size_t i, d;
    if (name.len < 2 || name.len > NAME_MAX_LEN)
        return NULL;
    for (i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (edit_distance(name, ww_slice_of(aliases[i][0]), 0) == 0)
            return aliases[i][1];
    for (i = 0; i < ww__keyword_count; i++) {
        d = edit_distance(name, ww_slice_of(ww__keywords[i].name), best);
        if (d < best || (d == best && found == NULL)) {
            best = d;
            found = ww__keywords[i].name;
        }
    }
    return found;
}

/* ---- refusing ------------------------------------------------------------------------------- */

static bool looks_like_keyword(ww_slice word)
{
    size_t i;
    for (i = 0; i < word.len; i++)
        if ((lower(word.ptr[i]) < 'a' || lower(word.ptr[i]) > 'z') &&
            (word.ptr[i] < '0' || word.ptr[i] > '9') && word.ptr[i] != '_')
            return false;
    return word.len > 0 && word.len <= NAME_MAX_LEN;
}

ww_status ww__fail_word(ww_error *err, const char *what, uint64_t offset, ww_slice word, bool hide)
{
    ww__fail_at(err, WW_ERR_USAGE, what, offset, 0);
    if (!hide && looks_like_keyword(word))
        ww__error_add(err, word);
    else if (hide)
        ww__error_add_text(err, "(not shown: it follows a password)");
    else
        ww__error_add_text(err, "(not shown: it may be part of a password)");
    return WW_ERR_USAGE;
}

ww_status ww__keyword_refuse(ww_slice name, uint64_t offset, bool hide, ww_error *err)
{
    const char *near = nearest_keyword(name);
    if (name.len == 0)
        return ww__fail_at(err, WW_ERR_USAGE,
                           "a '=' has no keyword before it, as in host=localhost", offset, 0);
    if (ww_slice_equal(name, ww_slice_of("servicefile")))
        return ww__fail_word(err, "the service file is named by PGSERVICEFILE, not by a keyword",
                             offset, name, false);
    ww__fail_word(err, "unknown connection keyword", offset, name, hide);
    if (near != NULL) {
        ww__error_add_text(err, "; did you mean \"");
        ww__error_add_text(err, near);
        ww__error_add_text(err, "\"?");
    } else {
        ww__error_add_text(err, "; keywords are host, port, dbname, user, password, sslmode ...");
    }
    return WW_ERR_USAGE;
}
