/* SPDX-License-Identifier: MIT */
/* tsearch.c: the binary forms of tsvector and tsquery as text.
 * Source: src/backend/utils/adt/tsvector.c, tsquery.c. */
#include "values.h"

static void put_lexeme(ww_slice lexeme, ww_out *out)
{
    ww__reader r = ww__reader_of(lexeme);
    ww__out_byte(out, '\'');
    while (r.at < r.end) {
        const uint8_t *from = r.at;
        while (r.at < r.end && *r.at != '\'' && *r.at != '\\')
            r.at++;
        ww__out_put(out, from, (size_t)(r.at - from));
        if (r.at < r.end) {
            ww__out_byte(out, (char)*r.at);
            ww__out_byte(out, (char)*r.at++);
        }
    }
    ww__out_byte(out, '\'');
}

/* How many items a value says it has: any number, which sizes nothing. */
static uint32_t read_count(ww__reader *r)
{
    uint32_t count = ww__u32(r);
    if (count > INT32_MAX)
        ww__break(r, "a negative number of items", 4);
    return count;
}

/* ---- tsvector ------------------------------------------------------------------------------- */

static ww_status check_vector(const ww_value *v, ww_error *err)
{
    ww__reader r = ww__reader_of(v->bytes);
    uint32_t left = read_count(&r);
    for (; left > 0 && r.broken == NULL; left--) {
        ww__cstr(&r);
        ww__bytes(&r, 2 * (size_t)ww__u16(&r));
    }
    return ww__value_done(v, &r, err);
}

static void put_position(uint16_t position, ww_out *out)
{
    static const char weights[4] = {'D', 'C', 'B', 'A'};
    unsigned weight = position >> 14;
    ww__out_u64(out, position & 0x3FFFu);
    if (weight > 0)
        ww__out_byte(out, weights[weight]);
}

static void put_vector(const ww_value *v, ww_out *out)
{
    ww__reader r = ww__reader_of(v->bytes);
    uint32_t i, count = read_count(&r);
    for (i = 0; i < count; i++) {
        unsigned j, positions;
        if (i > 0)
            ww__out_byte(out, ' ');
        put_lexeme(ww__cstr(&r), out);
        positions = ww__u16(&r);
        for (j = 0; j < positions; j++) {
            ww__out_byte(out, j == 0 ? ':' : ',');
            put_position(ww__u16(&r), out);
        }
    }
}

/* ---- tsquery: items ------------------------------------------------------------------------- */

typedef enum item_kind { ITEM_LEXEME = 0, ITEM_NOT = 1, ITEM_AND, ITEM_OR, ITEM_PHRASE } item_kind;

typedef struct item {
    item_kind kind;
    uint8_t weights; /* of a lexeme: A 8, B 4, C 2, D 1 */
    uint8_t prefix;  /* of a lexeme: 0 or 1 */
    ww_slice lexeme;
    int16_t distance; /* of a phrase */
} item;

static item read_lexeme(ww__reader *r)
{
    item it = {ITEM_LEXEME, 0, 0, {NULL, 0}, 0};
    it.weights = ww__u8(r);
    it.prefix = ww__u8(r);
    if (it.weights > 15 || it.prefix > 1)
        ww__break(r, "a lexeme with unknown weights or prefix flag", 2);
    it.lexeme = ww__cstr(r);
    return it;
}

static item read_item(ww__reader *r)
{
    item it = {ITEM_LEXEME, 0, 0, {NULL, 0}, 0};
    uint8_t type = ww__u8(r), code;
    if (type == 1)
        return read_lexeme(r);
    code = ww__u8(r);
    if (type != 2 || code < ITEM_NOT || code > ITEM_PHRASE) {
        ww__break(r, "an item that is neither lexeme nor operator", 1);
        return it;
    }
    it.kind = (item_kind)code;
    if (it.kind == ITEM_PHRASE)
        it.distance = (int16_t)ww__u16(r);
    return it;
}

static bool is_binary(const item *it)
{
    return it->kind >= ITEM_AND;
}

/* How tightly an operator binds. */
static int priority_of(item_kind kind)
{
    static const int priorities[] = {0, 4, 2, 1, 3};
    return priorities[kind];
}

static void put_operand(const item *it, ww_out *out)
{
    static const char letters[4] = {'A', 'B', 'C', 'D'};
    unsigned i;
    put_lexeme(it->lexeme, out);
    if (it->weights != 0 || it->prefix != 0)
        ww__out_byte(out, ':');
    if (it->prefix != 0)
        ww__out_byte(out, '*');
    for (i = 0; i < 4; i++)
        if (it->weights & 8u >> i)
            ww__out_byte(out, letters[i]);
}

static void put_operator(const item *it, ww_out *out)
{
    if (it->kind == ITEM_OR) {
        WW__OUT(out, " | ");
    } else if (it->kind == ITEM_AND) {
        WW__OUT(out, " & ");
    } else if (it->distance == 1) {
        WW__OUT(out, " <-> ");
    } else {
        WW__OUT(out, " <");
        ww__out_i64(out, it->distance);
        WW__OUT(out, "> ");
    }
}

/* ---- tsquery: the tree ---------------------------------------------------------------------- */

/* An operator stands before its operands, of two the right one first; in the text, the left operand
 * comes first. So the right one is skipped, and written when the left one is done: what is still to
 * be written waits on a stack. MAX_WAITING is how deep a server with the default max_stack_depth
 * goes. MAX_RIGHT keeps the cost linear: an item is skipped at most once for each operator whose
 * right operand it is in. */
#define MAX_WAITING 16384
#define MAX_RIGHT 256

#define CLOSE_PARENTHESIS 0 /* on the stack; anything else is the offset of an operator */

typedef struct query {
    ww__reader r;
    ww_out *out;       /* NULL: only walk */
    int priority;      /* of the operator whose operand comes next */
    bool after_phrase; /* is that the right operand of a phrase? */
    unsigned nwaiting;
    uint32_t waiting[MAX_WAITING];
} query;

/* Passes over one operand with all that is in it. */
static void skip_operand(ww__reader *r)
{
    size_t operands = 1;
    while (operands > 0 && r->broken == NULL) {
        item it = read_item(r);
        if (is_binary(&it))
            operands++;
        else if (it.kind == ITEM_LEXEME)
            operands--;
    }
}

static void defer(query *q, uint32_t what)
{
    if (q->nwaiting < MAX_WAITING)
        q->waiting[q->nwaiting++] = what;
    else
        ww__break(&q->r, "a tsquery of more than 16384 levels; read it as text", 0);
}

static void put(query *q, const char *text)
{
    if (q->out != NULL)
        ww__out_put(q->out, text, 2);
}

static void open_operator(query *q, const item *it, uint32_t offset)
{
    int priority = priority_of(it->kind);
    if (priority < q->priority || (it->kind == ITEM_PHRASE && q->after_phrase)) {
        put(q, "( ");
        defer(q, CLOSE_PARENTHESIS);
    }
    defer(q, offset);
    skip_operand(&q->r);
    q->priority = priority;
    q->after_phrase = false;
}

/* Writes an operand as far as its first lexeme. */
static void walk_down(query *q)
{
    for (;;) {
        uint32_t offset = (uint32_t)(q->r.at - q->r.start);
        item it = read_item(&q->r);
        if (q->r.broken != NULL)
            return;
        if (is_binary(&it)) {
            open_operator(q, &it, offset);
        } else if (it.kind == ITEM_NOT) {
            if (q->out != NULL)
                ww__out_byte(q->out, '!');
            q->priority = priority_of(ITEM_NOT);
            q->after_phrase = false;
        } else {
            if (q->out != NULL)
                put_operand(&it, q->out);
            return;
        }
    }
}

/* Writes what follows a finished operand, up to the operand that is next. False: that was all. */
static bool walk_up(query *q)
{
    while (q->nwaiting > 0 && q->r.broken == NULL) {
        uint32_t offset = q->waiting[--q->nwaiting];
        item it;
        if (offset == CLOSE_PARENTHESIS) {
            put(q, " )");
            continue;
        }
        q->r.at = q->r.start + offset;
        it = read_item(&q->r);
        if (q->out != NULL)
            put_operator(&it, q->out);
        q->priority = priority_of(it.kind);
        q->after_phrase = it.kind == ITEM_PHRASE;
        return true;
    }
    return false;
}

static void walk(query *q)
{
    do {
        walk_down(q);
    } while (walk_up(q));
}

static void open_query(query *q, const ww_value *v, ww_out *out)
{
    q->r = ww__reader_of(v->bytes);
    q->out = out;
    q->priority = -1;
    q->after_phrase = false;
    q->nwaiting = 0;
}

/* Are these `count` items one operand? */
static void check_items(ww__reader *r, uint32_t count)
{
    uint32_t operands = count > 0 ? 1 : 0;
    for (; count > 0 && r->broken == NULL; count--) {
        item it = read_item(r);
        if (operands == 0 || operands > MAX_RIGHT)
            ww__break(r, "operands without operator, or deeper than 256 levels", 0);
        if (is_binary(&it))
            operands++;
        else if (it.kind == ITEM_LEXEME)
            operands--;
    }
    if (operands > 0)
        ww__break(r, "an operator without operand", 0);
}

static ww_status check_query(const ww_value *v, ww_error *err)
{
    query q;
    uint32_t count;
    ww__reader r;
    ww_status status;
    open_query(&q, v, NULL);
    count = read_count(&q.r);
    r = q.r;
    check_items(&r, count);
    status = ww__value_done(v, &r, err);
    if (status != WW_OK || count == 0)
        return status;
    walk(&q);
    if (q.r.broken != NULL)
        return ww__value_fail(v, err, q.r.broken, (uint64_t)(q.r.broken_at - q.r.start));
    return WW_OK;
}

static void put_query(const ww_value *v, ww_out *out)
{
    query q;
    open_query(&q, v, out);
    if (read_count(&q.r) > 0)
        walk(&q);
}

/* ---- both ----------------------------------------------------------------------------------- */

static ww_status check_search(const ww_value *v, ww_error *err)
{
    if (ww__value_kind(v) == WW_TYPE_TSVECTOR)
        return check_vector(v, err);
    return check_query(v, err);
}

static void put_search(const ww_value *v, ww_out *out)
{
    if (ww__value_kind(v) == WW_TYPE_TSVECTOR)
        put_vector(v, out);
    else
        put_query(v, out);
}

const ww__value_ops ww__value_ops_search = {check_search, put_search};
