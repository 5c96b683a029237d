/* SPDX-License-Identifier: MIT */
/* uri.c: postgresql://user:password@host:port,host2/dbname?keyword=value. Source:
 * conninfo_uri_parse_options in fe-connect.c.
 *
 * Parts are found first and percent-decoded after, a list of hosts as a whole: an encoded comma
 * still separates, an encoded slash does not. */
#include "conninfo.h"

#include "base/error.h"

#include <string.h>

static size_t prefix_len(ww_slice text)
{
    static const char *const schemes[] = {"postgresql://", "postgres://"};
    size_t i;
    for (i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t n = strlen(schemes[i]);
        if (text.len >= n && memcmp(text.ptr, schemes[i], n) == 0)
            return n;
    }
    return 0;
}

bool ww__uri_is(ww_slice text)
{
    return prefix_len(text) > 0;
}

/* ---- percent-encoding ----------------------------------------------------------------------- */

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Without the blanks around it, which nobody means; other white space is kept. */
static ww_slice trim(ww_slice raw)
{
    size_t from = 0, to = raw.len;
    while (from < to && raw.ptr[from] == ' ')
        from++;
    while (to > from && raw.ptr[to - 1] == ' ')
        to--;
    return ww__cut(raw, from, to);
}

/* What is wrong with an encoded text, and where; NULL if it can be decoded. */
static const char *find_fault(ww_slice raw, size_t *at)
{
    ww_slice s = trim(raw);
    size_t start = s.len > 0 ? (size_t)(s.ptr - raw.ptr) : 0;
    size_t i;
    for (i = 0; i < s.len; i++) {
        *at = start + i;
        if (s.ptr[i] == ' ')
            return "a URI contains a space; write it as %20";
        if (s.ptr[i] != '%')
            continue;
        if (s.len - i < 3 || hex_value(s.ptr[i + 1]) < 0 || hex_value(s.ptr[i + 2]) < 0)
            return "a '%' in a URI is not followed by two hexadecimal digits; write it as %25";
        if (s.ptr[i + 1] == '0' && s.ptr[i + 2] == '0')
            return "%00 in a URI: no connection value may contain a NUL byte";
        i += 2;
    }
    return NULL;
}

static size_t decode_percent(ww_slice raw, char *out)
{
    ww_slice s = trim(raw);
    size_t len = 0, i;
    for (i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == '%') {
            c = (uint8_t)(hex_value(s.ptr[i + 1]) << 4 | hex_value(s.ptr[i + 2]));
            i += 2;
        }
        if (out != NULL)
            out[len] = (char)c;
        len++;
    }
    return len;
}

/* ---- parts ---------------------------------------------------------------------------------- */

/* The offset of a part that lies in the text. */
static uint64_t offset_of(ww_slice text, ww_slice part)
{
    return part.len > 0 ? (uint64_t)(part.ptr - text.ptr) : 0;
}

static ww_status check_part(ww_slice text, ww_slice part, const char *keyword, ww_error *err)
{
    size_t at;
    const char *fault = find_fault(part, &at);
    if (fault == NULL)
        return WW_OK;
    ww__fail_at(err, WW_ERR_USAGE, fault, offset_of(text, part) + at, 0);
    ww__error_add_text(err, keyword);
    return WW_ERR_USAGE;
}

/* An empty part leaves its keyword unset. */
static ww_status put_part(ww_conninfo *c, ww_slice text, ww_slice part, const char *keyword,
                          ww_error *err)
{
    ww_status st;
    if (part.len == 0)
        return WW_OK;
    st = check_part(text, part, keyword, err);
    if (st < 0)
        return st;
    return ww__conninfo_put(c, ww__keyword_find(ww_slice_of(keyword)), part, decode_percent, err);
}

/* There are credentials if an '@' comes before the first '/'. */
static ww_status read_credentials(ww_conninfo *c, ww_slice text, size_t *at, ww_error *err)
{
    size_t end = ww__find_any(text, *at, "@/");
    size_t user_end = ww__find_any(text, *at, ":@");
    ww_status st;
    if (end == text.len || text.ptr[end] != '@')
        return WW_OK;
    st = put_part(c, text, ww__cut(text, *at, user_end), "user", err);
    if (st == WW_OK && user_end < end)
        st = put_part(c, text, ww__cut(text, user_end + 1, end), "password", err);
    *at = end + 1;
    return st;
}

/* ---- hosts and ports ------------------------------------------------------------------------ */

typedef struct netloc {
    ww_slice host, port;
    bool more; /* a comma follows, and was taken */
} netloc;

static ww_status read_bracketed(ww_slice text, size_t *at, ww_slice *host, ww_error *err)
{
    size_t start = *at + 1;
    size_t end = ww__find_any(text, start, "]");
    if (end == text.len)
        return ww__fail_at(err, WW_ERR_USAGE,
                           "an IPv6 address in a URI has no closing ']', as in [::1]", *at, 0);
    if (end == start)
        return ww__fail_at(err, WW_ERR_USAGE,
                           "an IPv6 address in a URI is empty; write it as in [::1]", *at, 0);
    *host = ww__cut(text, start, end);
    *at = end + 1;
    if (*at < text.len && ww__find_any(text, *at, ":/?,") != *at)
        return ww__fail_at(err, WW_ERR_USAGE,
                           "after the ']' of an IPv6 address comes ':', ',', '/', '?' or the end",
                           *at, 0);
    return WW_OK;
}

static ww_status read_netloc(ww_slice text, size_t *at, netloc *n, ww_error *err)
{
    size_t start = *at;
    n->port = ww__cut(text, 0, 0);
    if (start < text.len && text.ptr[start] == '[') {
        ww_status st = read_bracketed(text, at, &n->host, err);
        if (st < 0)
            return st;
    } else {
        *at = ww__find_any(text, start, ":/?,");
        n->host = ww__cut(text, start, *at);
    }
    if (*at < text.len && text.ptr[*at] == ':') {
        start = *at + 1;
        *at = ww__find_any(text, start, "/?,");
        n->port = ww__cut(text, start, *at);
    }
    n->more = *at < text.len && text.ptr[*at] == ',';
    *at += n->more;
    return WW_OK;
}

/* Writes the list of hosts, or of ports, that begins at `at`; or only counts if out is NULL. */
static size_t join_list(ww_slice text, size_t at, bool ports, char *out)
{
    netloc n = { 0 };
    size_t len = 0;
    do {
        ww_slice part;
        read_netloc(text, &at, &n, NULL);
        part = ports ? n.port : n.host;
        if (out != NULL && part.len > 0)
            memcpy(out + len, part.ptr, part.len);
        len += part.len;
        if (n.more) {
            if (out != NULL)
                out[len] = ',';
            len++;
        }
    } while (n.more);
    return len;
}

/* Where in the text the i-th byte of such a list stands. */
static uint64_t find_in_list(ww_slice text, size_t at, bool ports, size_t i)
{
    netloc n = { 0 };
    for (;;) {
        ww_slice part;
        read_netloc(text, &at, &n, NULL);
        part = ports ? n.port : n.host;
        if (i < part.len)
            return offset_of(text, part) + i;
        if (i == part.len || !n.more)
            return at - n.more;
        i -= part.len + 1;
    }
}

static ww_status put_list(ww_conninfo *c, ww_slice text, size_t at, bool ports, ww_error *err)
{
    const char *keyword = ports ? "port" : "host";
    size_t len = join_list(text, at, ports, NULL);
    size_t fault_at = 0;
    const char *fault;
    ww_slice list;
    ww_status st = WW_OK;
    char *joined;
    if (len == 0)
        return WW_OK;
    joined = c->alloc->resize(c->alloc->ctx, NULL, 0, len);
    if (joined == NULL)
        return ww__fail_text(err, WW_ERR_NOMEM, "no memory for a connection value", keyword);
    join_list(text, at, ports, joined);
    list.ptr = (const uint8_t *)joined;
    list.len = len;
    fault = find_fault(list, &fault_at);
    if (fault == NULL) {
        st = ww__conninfo_put(c, ww__keyword_find(ww_slice_of(keyword)), list, decode_percent, err);
    } else {
        st = ww__fail_at(err, WW_ERR_USAGE, fault, find_in_list(text, at, ports, fault_at), 0);
        ww__error_add_text(err, keyword);
    }
    c->alloc->resize(c->alloc->ctx, joined, len, 0);
    return st;
}

static ww_status read_hosts(ww_conninfo *c, ww_slice text, size_t *at, ww_error *err)
{
    size_t start = *at;
    ww_status st;
    netloc n = { 0 };
    do {
        st = read_netloc(text, at, &n, err);
    } while (st == WW_OK && n.more);
    if (st == WW_OK)
        st = put_list(c, text, start, false, err);
    if (st == WW_OK)
        st = put_list(c, text, start, true, err);
    return st;
}

/* ---- parameters ----------------------------------------------------------------------------- */

/* ssl=true is JDBC's sslmode=require. */
static ww_status put_ssl(ww_conninfo *c, const ww__pair *pair, ww_error *err)
{
    const ww__keyword *k = ww__keyword_find(ww_slice_of("sslmode"));
    ww_status st = ww__conninfo_put(c, k, pair->raw, pair->decode, err);
    if (st < 0)
        return st;
    if (strcmp(c->sslmode, "true") != 0)
        return ww__keyword_refuse(pair->name, pair->offset, pair->hide, err);
    return ww__conninfo_put(c, k, ww_slice_of("require"), ww__decode_plain, err);
}

/* `item` is what stands between '&' and '&'. *hide: a password came before; then: this was one. */
static ww_status read_parameter(ww_conninfo *c, ww_slice text, ww_slice item, uint64_t offset,
                                bool *hide, ww_error *err)
{
    char name[64]; /* longer than any keyword */
    size_t equals = ww__find_any(item, 0, "=");
    ww_slice raw_name = ww__cut(item, 0, equals);
    ww__pair pair = {raw_name, offset, *hide, {NULL, 0}, decode_percent};
    ww_status st;
    if (equals == item.len)
        return ww__fail_word(err,
                             "a URI parameter has no '=', as in ?sslmode=require; "
                             "an '&' inside a value is written %26",
                             offset, item, *hide);
    pair.raw = ww__cut(item, equals + 1, item.len);
    if (ww__find_any(pair.raw, 0, "=") < pair.raw.len)
        return ww__fail_word(err, "a URI parameter has two '='; inside a value write %3D", offset,
                             raw_name, *hide);
    st = check_part(text, raw_name, "keyword", err);
    if (st < 0)
        return st;
    if (decode_percent(raw_name, NULL) <= sizeof name) {
        pair.name.len = decode_percent(raw_name, name);
        pair.name.ptr = (const uint8_t *)name;
    }
    *hide = ww__keyword_is_secret(pair.name);
    st = check_part(text, pair.raw, *hide ? "password" : "parameter", err);
    if (st < 0)
        return st;
    if (ww_slice_equal(pair.name, ww_slice_of("ssl")))
        return put_ssl(c, &pair, err);
    return ww__conninfo_put_pair(c, &pair, err);
}

static ww_status read_parameters(ww_conninfo *c, ww_slice text, size_t at, ww_error *err)
{
    bool hide = false;
    while (at < text.len) {
        size_t end = ww__find_any(text, at, "&");
        ww_status st = read_parameter(c, text, ww__cut(text, at, end), at, &hide, err);
        if (st < 0)
            return st;
        at = end + 1;
    }
    return WW_OK;
}

ww_status ww__uri_parse(ww_conninfo *c, ww_slice text, ww_error *err)
{
    size_t at = prefix_len(text);
    ww_status st = read_credentials(c, text, &at, err);
    if (st == WW_OK)
        st = read_hosts(c, text, &at, err);
    if (st == WW_OK && at < text.len && text.ptr[at] == '/') {
        size_t end = ww__find_any(text, at, "?");
        st = put_part(c, text, ww__cut(text, at + 1, end), "dbname", err);
        at = end;
    }
    if (st == WW_OK && at < text.len)
        st = read_parameters(c, text, at + 1, err);
    return st;
}
