/* SPDX-License-Identifier: MIT */
/* test_decode_order.c: where each message may stand. Sequences are written as their type bytes; m
 * is a non-transactional Message, M a transactional one. */
#include "check.h"
#include "encode.h"

static enc encoder;

/* One message of this type, in the form that it has where it stands. */
static ww_slice make(char type, bool in_block)
{
    static const uint32_t relations[] = { 7 };
    const ww_column row[] = { enc_text("1") };
    uint32_t xid = in_block && type != 'm' ? 11 : 0;
    enc *e = &encoder;
    enc_clear(e);
    switch (type) {
    case 'B': enc_begin(e, 0x100, 1, 10); break;
    case 'C': enc_commit(e, 0x100, 0x110, 1); break;
    case 'O': enc_origin(e, 0, "o"); break;
    case 'R': enc_relation(e, xid, 7, "s", "t", 'd', NULL, 0); break;
    case 'Y': enc_type(e, xid, 8, "s", "y"); break;
    case 'I': enc_insert(e, xid, 7, row, 1); break;
    case 'U': enc_update(e, xid, 7, 'K', row, row, 1); break;
    case 'D': enc_delete(e, xid, 7, 'K', row, 1); break;
    case 'T': enc_truncate(e, xid, relations, 1, 0); break;
    case 'M': enc_message(e, xid, true, 0x90, "p", ww_slice_of("x")); break;
    case 'm': enc_message(e, xid, false, 0x90, "p", ww_slice_of("x")); break;
    case 'S': enc_stream_start(e, 10, true); break;
    case 'E': enc_stream_stop(e); break;
    case 'c': enc_stream_commit(e, 10, 0x100, 0x110, 1); break;
    case 'A': enc_stream_abort(e, 10, 11); break;
    case 'b': enc_begin_prepare(e, 0x100, 0x110, 1, 10, "g"); break;
    case 'P': enc_prepare(e, 0x100, 0x110, 1, 10, "g"); break;
    case 'K': enc_commit_prepared(e, 0x100, 0x110, 1, 10, "g"); break;
    case 'r': enc_rollback_prepared(e, 0x100, 0x110, 1, 2, 10, "g"); break;
    case 'p': enc_stream_prepare(e, 0x100, 0x110, 1, 10, "g"); break;
    default: CHECK(false);
    }
    return enc_slice(e);
}

static void start(ww_decoder *d, bool streaming, bool loose_order)
{
    ww_decoder_options o = WW_DECODER_OPTIONS_INIT;
    o.streaming = streaming;
    o.loose_order = loose_order;
    ww_decoder_init(d, &o);
}

/* ---- all short sequences, against the protocol's rules -------------------------------------- */

typedef struct model {
    char open;     /* 0, B, b or S */
    char previous; /* 0 at first */
} model;

/* PROTOCOL 5.3, and what released servers do besides (5.2). */
static bool model_allows(const model *m, char type)
{
    const char *changes = "RYIUDTM";
    if (type == 'O')
        return m->previous != 0 && strchr("BbS", m->previous) != NULL;
    switch (m->open) {
    case 'B':
        return type == 'C' || type == 'A' || strchr(changes, type) != NULL;
    case 'b':
        return type == 'P' || type == 'A' || strchr(changes, type) != NULL;
    case 'S':
        return type == 'E' || strchr(changes, type) != NULL;
    default:
        return strchr("BbSmcApPKr", type) != NULL;
    }
}

static void model_move(model *m, char type)
{
    if (strchr("BbS", type) != NULL)
        m->open = type;
    else if (strchr("CPE", type) != NULL)
        m->open = 0;
    m->previous = type;
}

static const char all_types[] = "BCORYIUDTMmSEcAbPKrp";

static void try_all(const ww_decoder *before, const model *m, unsigned depth)
{
    const char *type;
    for (type = all_types; *type != '\0'; type++) {
        ww_decoder d = *before;
        model next = *m;
        ww_event ev;
        ww_error err;
        ww_status status = ww_decode(&d, make(*type, m->open == 'S'), &ev, &err);
        if (!CHECK((status == WW_OK) == model_allows(m, *type)))
            fprintf(stderr, "    %c after %c in %c\n", *type, m->previous != 0 ? m->previous : '-',
                    m->open != 0 ? m->open : '-');
        model_move(&next, *type);
        if (status == WW_OK && depth > 1)
            try_all(&d, &next, depth - 1);
    }
}

static void allows_what_the_protocol_does(void)
{
    const model m = { 0, 0 };
    ww_decoder d;
    start(&d, true, false);
    try_all(&d, &m, 5);
}

/* ---- what is said about it ------------------------------------------------------------------ */

static const char nothing_open[] = "nothing is open that this message could belong to";
static const char in_begin[] = "this message may not stand between Begin and Commit";
static const char in_prepare[] = "this message may not stand between Begin Prepare and Prepare";
static const char in_block[] = "this message may not stand between Stream Start and Stream Stop";
static const char origin_first[] = "an Origin must directly follow what opened the transaction";
static const char inside[] = "a transactional Message must stand inside a transaction";
static const char outside[] = "a non-transactional Message must stand outside of transactions";

/* The last message of each sequence is the one that may not stand there. */
static const struct {
    const char *sequence, *rule, *subject;
} illegal[] = {
    { "C", nothing_open, "COMMIT" },          { "E", nothing_open, "STREAM_STOP" },
    { "O", nothing_open, "ORIGIN" },          { "R", nothing_open, "RELATION" },
    { "Y", nothing_open, "TYPE" },            { "I", nothing_open, "INSERT" },
    { "U", nothing_open, "UPDATE" },          { "D", nothing_open, "DELETE" },
    { "T", nothing_open, "TRUNCATE" },        { "M", inside, "MESSAGE" },
    { "BRICI", nothing_open, "INSERT" },      { "SREI", nothing_open, "INSERT" },
    { "bRIPI", nothing_open, "INSERT" },      { "BB", in_begin, "BEGIN" },
    { "BIb", in_begin, "BEGIN_PREPARE" },     { "BIS", in_begin, "STREAM_START" },
    { "BE", in_begin, "STREAM_STOP" },        { "BP", in_begin, "PREPARE" },
    { "BK", in_begin, "COMMIT_PREPARED" },    { "Br", in_begin, "ROLLBACK_PREPARED" },
    { "Bc", in_begin, "STREAM_COMMIT" },      { "Bp", in_begin, "STREAM_PREPARE" },
    { "Bm", outside, "MESSAGE" },             { "bB", in_prepare, "BEGIN" },
    { "bC", in_prepare, "COMMIT" },           { "bb", in_prepare, "BEGIN_PREPARE" },
    { "bIS", in_prepare, "STREAM_START" },    { "bK", in_prepare, "COMMIT_PREPARED" },
    { "bm", outside, "MESSAGE" },             { "SS", in_block, "STREAM_START" },
    { "SB", in_block, "BEGIN" },              { "SC", in_block, "COMMIT" },
    { "SIc", in_block, "STREAM_COMMIT" },     { "SA", in_block, "STREAM_ABORT" },
    { "Sp", in_block, "STREAM_PREPARE" },     { "SP", in_block, "PREPARE" },
    { "SK", in_block, "COMMIT_PREPARED" },    { "SEE", nothing_open, "STREAM_STOP" },
    { "BIO", origin_first, "ORIGIN" },        { "BOO", origin_first, "ORIGIN" },
    { "SYO", origin_first, "ORIGIN" },        { "bAO", origin_first, "ORIGIN" },
};

static void says_what_is_wrong(void)
{
    size_t i, k, last;
    for (i = 0; i < sizeof illegal / sizeof illegal[0]; i++) {
        const char *sequence = illegal[i].sequence;
        bool block = false;
        ww_decoder d, silent;
        ww_event ev;
        ww_error err;
        start(&d, true, false);
        for (k = 0, last = strlen(sequence) - 1; k < last; k++) {
            CHECK(ww_decode(&d, make(sequence[k], block), &ev, &err) == WW_OK);
            block = sequence[k] == 'S' || (block && sequence[k] != 'E');
        }
        silent = d;
        CHECK(ww_decode(&silent, make(sequence[last], block), &ev, NULL) == WW_ERR_DECODE);
        CHECK(ww_decode(&d, make(sequence[last], block), &ev, &err) == WW_ERR_DECODE);
        CHECK_TEXT(err.what, illegal[i].rule);
        CHECK_TEXT(err.subject, illegal[i].subject);
        CHECK_EQ_U64(err.msg_type, sequence[last] == 'm' ? 'M' : sequence[last]);
        CHECK(err.offset <= 5);
    }
}

/* ---- options -------------------------------------------------------------------------------- */

static void refuses_streams_not_asked_for(void)
{
    const char *type;
    for (type = "SEcp"; *type != '\0'; type++) {
        ww_decoder d;
        ww_event ev;
        ww_error err;
        start(&d, false, false);
        CHECK(ww_decode(&d, make(*type, false), &ev, &err) == WW_ERR_DECODE);
        CHECK_TEXT(err.what, "a message of streamed transactions, but streaming was not asked for");
        start(&d, false, true);
        CHECK(ww_decode(&d, make(*type, false), &ev, NULL) == WW_ERR_DECODE);
    }
}

static void takes_two_phase_and_stray_aborts_always(void)
{
    static const char sequence[] = "bPKrPKrABACbAPA";
    const char *type;
    ww_decoder d;
    ww_event ev;
    ww_decoder_init(&d, NULL);
    for (type = sequence; *type != '\0'; type++) {
        CHECK(ww_decode(&d, make(*type, false), &ev, NULL) == WW_OK);
        CHECK_EQ_U64(ev.kind, *type);
    }
}

/* In any order, but inside a block still in the block's form. */
static void takes_any_order_when_told_to(void)
{
    static const char sequence[] = "ICEMmOUBBbASSIOMmDTRYcApPE";
    bool block = false;
    const char *type;
    ww_decoder d;
    ww_event ev;
    start(&d, true, true);
    for (type = sequence; *type != '\0'; type++) {
        char made = block && *type == 'm' ? 'M' : *type;
        CHECK(ww_decode(&d, make(made, block), &ev, NULL) == WW_OK);
        CHECK_EQ_U64(ev.subxid, block && strchr("RYIUDTM", made) != NULL ? 11 : 0);
        if (strchr("BbCPSE", *type) != NULL)
            block = *type == 'S';
    }
}

/* A caller built against an older header has a shorter struct. */
static void takes_shorter_options(void)
{
    ww_decoder_options o = WW_DECODER_OPTIONS_INIT;
    ww_decoder d;
    ww_event ev;
    o.streaming = true;
    o.loose_order = true;
    o.struct_size = offsetof(ww_decoder_options, loose_order);
    ww_decoder_init(&d, &o);
    CHECK(ww_decode(&d, make('C', false), &ev, NULL) == WW_ERR_DECODE);
    ww_decoder_init(&d, &o);
    CHECK(ww_decode(&d, make('S', false), &ev, NULL) == WW_OK);
}

static void names_kinds(void)
{
    unsigned known = 0;
    int kind;
    CHECK_TEXT(ww_event_kind_name(WW_EV_INSERT), "INSERT");
    CHECK_TEXT(ww_event_kind_name(WW_EV_STREAM_ABORT), "STREAM_ABORT");
    CHECK_TEXT(ww_event_kind_name(WW_EV_NONE), "?");
    for (kind = -1000; kind < 1000; kind++)
        known += strcmp(ww_event_kind_name(kind), "?") != 0;
    CHECK_EQ_U64(known, strlen(all_types) - 1); /* m is M */
}

int main(void)
{
    RUN(allows_what_the_protocol_does);
    RUN(says_what_is_wrong);
    RUN(refuses_streams_not_asked_for);
    RUN(takes_two_phase_and_stray_aborts_always);
    RUN(takes_any_order_when_told_to);
    RUN(takes_shorter_options);
    RUN(names_kinds);
    enc_free(&encoder);
    return check_report();
}
