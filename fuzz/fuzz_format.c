/* SPDX-License-Identifier: MIT */
/* fuzz_format.c: any sequence of pgoutput messages, rendered. Input: a byte of options (2 bits: the
 * format, counted modulo 4; terminal; transactions; the rest: the size of a buffer), then each
 * message behind its length in two bytes, as for fuzz_decode, whose seeds serve here too. Oracle: a
 * buffer that grows and one that is handed over when full get the same bytes and the same statuses;
 * a line of JSON is valid; one of SQL is one statement, whole, to a scanner that knows nothing of
 * what wrote it; on a terminal test_decoding's lines begin like its lines, and neither they nor SQL
 * have anything in them that could drive the terminal. */
#include "base/utf8.h"
#include "format/sqlscan.h"
#include "format/strictjson.h"
#include "fuzz.h"

#include <walwire/format.h>

#define ENOUGH ((size_t)1 << 20)
#define RELATIONS_BYTES ((size_t)1 << 16)

typedef struct sink {
    uint8_t *bytes;
    size_t len;
} sink;

static bool take(void *ctx, const uint8_t *bytes, size_t len)
{
    sink *s = ctx;
    if (len > ENOUGH - s->len)
        return false;
    memcpy(s->bytes + s->len, bytes, len);
    s->len += len;
    return true;
}

static ww_format *open_format(const char *name, unsigned options)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    ww_format *f = NULL;
    config.alloc = &fuzz_alloc;
    config.name = name;
    config.database = "d";
    config.escape_terminal = (options & 4) != 0;
    config.transactions = (options & 8) != 0;
    REQUIRE_RULE(ww_format_open(&f, &config, NULL) == WW_OK, "each format opens");
    return f;
}

static bool begins(ww_slice line, const char *word)
{
    return line.len >= strlen(word) && memcmp(line.ptr, word, strlen(word)) == 0;
}

static void demand_text(ww_slice line)
{
    static const char *const words[] = {
        "BEGIN ", "COMMIT ", "table ", "message: ", "PREPARE TRANSACTION ", "COMMIT PREPARED ",
        "ROLLBACK PREPARED ", "opening a streamed block", "closing a streamed block",
        "streaming change ", "streaming truncate ", "streaming message: ", "aborting streamed ",
        "committing streamed ", "preparing streamed ",
    };
    size_t i;
    bool known = false;
    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        known |= begins(line, words[i]);
    REQUIRE_RULE(known, "a line begins as one of the plugin's");
}

static void demand_characters(ww_slice line, bool terminal)
{
    size_t i, n;
    for (i = 0; i < line.len; i += n) {
        uint32_t code = 0;
        n = ww__utf8_decode(line.ptr + i, line.len - i, &code);
        REQUIRE_RULE(n > 0, "a line is UTF-8");
        REQUIRE_RULE(!terminal || !ww__is_unsafe(code), "a terminal gets only what is safe");
    }
}

/* A line of this one is a transaction, and the last may not be over. */
static bool is_of_transactions(const char *name)
{
    return strcmp(name, "wal2json-v1") == 0;
}

/* Whole lines; what an error has cut off was taken back. */
static void demand_lines(ww_slice text, const char *name, bool terminal)
{
    static sqlscan scan;
    bool is_text = strcmp(name, "test_decoding") == 0;
    bool is_sql = strcmp(name, "sql") == 0;
    while (text.len > 0) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        ww_slice line = text;
        if (end == NULL && is_of_transactions(name))
            return;
        REQUIRE_RULE(end != NULL, "each line ends");
        line.len = (size_t)(end - text.ptr);
        if (is_sql)
            REQUIRE_RULE(sql_valid(&scan, line), "a line is a statement");
        else if (!is_text)
            REQUIRE_RULE(sj_valid(line), "a line is valid JSON");
        else if (terminal)
            demand_text(line);
        if (is_sql || (is_text && terminal))
            demand_characters(line, terminal);
        text.ptr += line.len + 1;
        text.len -= line.len + 1;
    }
}

static void render_all(const char *name, unsigned options, const uint8_t *data, size_t size)
{
    static uint8_t kept[ENOUGH], small[16];
    ww_decoder_options how = WW_DECODER_OPTIONS_INIT;
    ww_format *f = open_format(name, options), *g = open_format(name, options);
    sink s = { kept, 0 };
    ww_out grown = { NULL, 0, 0, WW_OK, &fuzz_alloc, NULL, NULL, 0 };
    ww_out handed = { small, 0, options >> 4, WW_OK, NULL, take, &s, 0 };
    ww_status status = WW_OK, other = WW_OK;
    size_t at = 1;
    ww_decoder d;
    ww_event ev;
    how.relations = ww_relcache_open(&fuzz_alloc, RELATIONS_BYTES);
    how.binary = how.streaming = how.loose_order = true;
    ww_decoder_init(&d, &how);
    while (status == WW_OK && size >= 2 && at <= size - 2) {
        ww_slice message = { data + at + 2, (size_t)data[at] << 8 | data[at + 1] };
        at += 2;
        if (message.len > size - at)
            break;
        at += message.len;
        if (ww_decode(&d, message, &ev, NULL) != WW_OK)
            break;
        status = ww_format_render(f, &ev, &grown, NULL);
        if (grown.len > ENOUGH / 2)
            break;
        other = ww_format_render(g, &ev, &handed, NULL);
        REQUIRE_RULE(status == other, "the size of the buffer decides nothing");
    }
    if (status == WW_OK && handed.len > 0)
        take(&s, small, handed.len);
    if (status == WW_OK && grown.len <= ENOUGH / 2)
        REQUIRE_RULE(s.len == grown.len && (s.len == 0 || memcmp(kept, grown.ptr, s.len) == 0),
                     "the same bytes at every size of the buffer");
    demand_lines((ww_slice){ grown.ptr, grown.len }, name, (options & 4) != 0);
    ww_format_close(f);
    ww_format_close(g);
    ww_relcache_close(how.relations);
    free(grown.ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned options = size > 0 ? data[0] : 0;
    const char *name;
    size_t i;
    for (i = options & 3; (name = ww_format_name(i, NULL)) != NULL; i += 4)
        render_all(name, options, data, size);
    return 0;
}
