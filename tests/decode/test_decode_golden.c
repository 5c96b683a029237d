/* SPDX-License-Identifier: MIT */
/* test_decode_golden.c: every golden case, and what each of its messages becomes when it is cut,
 * lengthened or damaged. Messages lie against pages that cannot be touched. With --corpus
 * DIRECTORY it writes the cases as seeds for fuzz_decode instead. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "check.h"
#include "encode.h"

#include "event_text.h"
#include "golden.h"
#include "slices.h"

#include <dirent.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- bytes between two pages that cannot be touched ----------------------------------------- */

typedef struct guarded {
    uint8_t *first, *end;
} guarded;

static guarded guarded_open(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (size + page - 1) / page * page;
    uint8_t *all = mmap(NULL, inner + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, 0);
    guarded g = { all + page, all + page + inner };
    if (all == MAP_FAILED || mprotect(all, page, PROT_NONE) != 0 ||
        mprotect(g.end, page, PROT_NONE) != 0) {
        perror("mmap");
        exit(1);
    }
    return g;
}

static ww_slice against_start(const guarded *g, ww_slice bytes)
{
    ww_slice s = { g->first, bytes.len };
    memmove(g->first, bytes.ptr, bytes.len);
    return s;
}

static ww_slice against_end(const guarded *g, ww_slice bytes)
{
    ww_slice s = { g->end - bytes.len, bytes.len };
    memmove(g->end - bytes.len, bytes.ptr, bytes.len);
    return s;
}

/* ---- a decoder in front of one message of a case -------------------------------------------- */

typedef struct stand {
    const golden_case *c;
    size_t at; /* the message it stands in front of */
    check_alloc alloc;
    ww_relcache *relations;
    ww_decoder decoder, saved;
    ww_event ev;
    ww_error err;
} stand;

static void stand_close(stand *s)
{
    ww_relcache_close(s->relations);
    CHECK_EQ_U64(s->alloc.live_bytes, 0);
}

static void stand_open(stand *s, const golden_case *c, size_t at)
{
    ww_decoder_options o;
    size_t i;
    s->c = c;
    s->at = at;
    check_alloc_init(&s->alloc, 0);
    s->relations = ww_relcache_open(&s->alloc.alloc, 0);
    o = golden_decoder_options(c->options, s->relations);
    ww_decoder_init(&s->decoder, &o);
    for (i = 0; i < at; i++)
        CHECK(ww_decode(&s->decoder, c->messages[i].bytes, &s->ev, &s->err) == WW_OK);
    s->saved = s->decoder;
}

static ww_status stand_decode(stand *s, ww_slice message)
{
    memset(&s->ev, 0xaa, sizeof s->ev); /* so that a member that was not set shows */
    ww_error_clear(&s->err);
    return ww_decode(&s->decoder, message, &s->ev, &s->err);
}

/* Back to the front of the message. A Relation may have changed the cache: then all anew. */
static void stand_again(stand *s)
{
    if (s->ev.kind == WW_EV_RELATION) {
        const golden_case *c = s->c;
        size_t at = s->at;
        stand_close(s);
        stand_open(s, c, at);
    }
    s->decoder = s->saved;
}

/* ---- what is checked ------------------------------------------------------------------------ */

static enc encoder;
static const char *where_file;
static int where_line;

static bool report(bool ok, const char *what, size_t at)
{
    if (!check_that(ok, what, where_file, where_line))
        fprintf(stderr, "    at byte %zu\n", at);
    return ok;
}

/* What was decoded lies inside the message and is encoded to the same bytes. */
static bool is_faithful(const ww_event *ev, ww_slice message)
{
    if (!event_inside(ev, message))
        return false;
    enc_clear(&encoder);
    if (!enc_event(&encoder, ev))
        return ev->kind == WW_EV_RELATION && ev->relation == NULL;
    return ww_slice_equal(enc_slice(&encoder), message);
}

static void check_whole(stand *s, ww_slice message, const char *want)
{
    static event_text text;
    if (stand_decode(s, message) == WW_OK) {
        event_text_set(&text, &s->ev);
        report(is_faithful(&s->ev, message), "inside the message, and the same encoded again", 0);
        CHECK_EQ_U64(s->ev.wal_lsn | s->ev.xid | s->ev.final_lsn | s->ev.ordinal, 0);
        CHECK(s->ev.sent_at.us == 0 && s->ev.commit_time.us == 0 && s->ev.gid.len == 0);
    } else {
        event_text_set_error(&text, &s->err);
        CHECK_EQ_U64((uint8_t)s->err.msg_type, message.len > 0 ? message.ptr[0] : 0);
    }
    check_bytes(ww_slice_of(text.line), ww_slice_of(want), "the event in words", where_file,
                where_line);
    stand_again(s);
}

/* No beginning of a message is a message, but for Stream Abort without its tail. */
static void check_truncations(stand *s, const guarded *g, ww_slice message)
{
    ww_slice cut = message;
    for (cut.len = 0; cut.len < message.len; cut.len++) {
        ww_status status = stand_decode(s, against_end(g, cut));
        if (message.ptr[0] == 'A' && cut.len == 9)
            report(status == WW_OK, "the short Stream Abort is whole", cut.len);
        else
            report(status == WW_ERR_DECODE && s->err.offset <= cut.len, "cut: an error", cut.len);
        stand_again(s);
    }
}

static void check_trailing(stand *s, const guarded *g, ww_slice message)
{
    static const uint8_t extra[] = { 0, 1, 'n', 'N', 0xff };
    uint8_t *longer = malloc(message.len + 1);
    ww_slice bytes = { longer, message.len + 1 };
    size_t i;
    memcpy(longer, message.ptr, message.len);
    for (i = 0; i < sizeof extra; i++) {
        longer[message.len] = extra[i];
        report(stand_decode(s, against_end(g, bytes)) == WW_ERR_DECODE, "a byte too many", i);
        report(s->err.offset <= message.len, "the offset lies in the message", i);
        stand_again(s);
    }
    free(longer);
}

static void check_mutations(stand *s, const guarded *g, ww_slice message)
{
    size_t i;
    unsigned change;
    for (i = 0; i < message.len; i++) {
        for (change = 1; change < 256; change++) {
            ww_slice damaged = against_end(g, message);
            g->end[(ptrdiff_t)i - (ptrdiff_t)message.len] ^= (uint8_t)change;
            if (stand_decode(s, damaged) == WW_OK)
                report(is_faithful(&s->ev, damaged), "damaged, but faithful", i);
            else
                report(s->err.status == WW_ERR_DECODE && s->err.offset <= message.len,
                       "damaged, and said so", i);
            stand_again(s);
        }
    }
}

static void check_message(const golden_case *c, size_t at, const guarded *g)
{
    ww_slice message = c->messages[at].bytes;
    bool good = strncmp(c->messages[at].text, "error ", 6) != 0;
    stand s;
    where_line = c->messages[at].line;
    stand_open(&s, c, at);
    check_whole(&s, against_start(g, message), c->messages[at].text);
    check_whole(&s, against_end(g, message), c->messages[at].text);
    if (good) {
        check_truncations(&s, g, message);
        check_trailing(&s, g, message);
    }
    check_mutations(&s, g, message);
    stand_close(&s);
}

/* ---- cases as seeds for fuzz_decode --------------------------------------------------------- */

/* Each message behind its length in two bytes. */
static void write_messages(const golden_case *c, FILE *f)
{
    size_t i;
    for (i = 0; i < c->count; i++) {
        ww_slice m = c->messages[i].bytes;
        fputc((int)(m.len >> 8), f);
        fputc((int)(m.len & 0xff), f);
        fwrite(m.ptr, 1, m.len, f);
    }
}

/* One byte of options, the messages, a reconnect (length 0xffff), the messages again. */
static void write_seed(const golden_case *c, const char *directory, const char *file)
{
    char path[4096];
    FILE *f;
    snprintf(path, sizeof path, "%s/%.*s-%d", directory, (int)strcspn(file, "."), file, c->line);
    f = fopen(path, "wb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    fputc((int)c->options, f);
    write_messages(c, f);
    fputs("\xff\xff", f);
    write_messages(c, f);
    fclose(f);
}

/* ---- all files ------------------------------------------------------------------------------ */

static int is_golden(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return n > 2 && strcmp(entry->d_name + n - 2, ".t") == 0;
}

static size_t run_file(const char *name, const char *corpus, const guarded *g)
{
    static golden_case c;
    char path[4096];
    golden_file file;
    size_t cases = 0, i;
    snprintf(path, sizeof path, "golden/%s", name);
    golden_open(&file, path);
    where_file = path;
    for (; golden_next(&file, &c); cases++) {
        if (corpus != NULL)
            write_seed(&c, corpus, name);
        for (i = 0; corpus == NULL && i < c.count; i++)
            check_message(&c, i, g);
    }
    golden_close(&file);
    return cases;
}

int main(int argc, char **argv)
{
    const char *corpus = argc == 3 && strcmp(argv[1], "--corpus") == 0 ? argv[2] : NULL;
    guarded g = guarded_open(GOLDEN_BYTES_MAX);
    struct dirent **files;
    int count = scandir("golden", &files, is_golden, alphasort), i;
    for (i = 0; i < count; i++) {
        size_t cases = run_file(files[i]->d_name, corpus, &g);
        printf("%s: %zu cases\n", files[i]->d_name, cases);
        CHECK(cases > 0);
        free(files[i]);
    }
    free(files);
    enc_free(&encoder);
    check_tests = (unsigned)(count > 0 ? count : 0);
    return check_report();
}
