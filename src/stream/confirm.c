/* SPDX-License-Identifier: MIT */
/* confirm.c: which units were handed out, which are durable, and how far that lets flush go.
 *
 * Invariants:
 *   - flush never goes back, and never passes config.start but for what was confirmed or heard
 *   - flush <= received
 *   - durable is 0, or the highest end of the units of the confirmed prefix; no keepalive's
 *   - gated: no feedback tells more than min(flush, permitted), and permitted never goes back;
 *     flush itself, and what it takes to be idle, know nothing of the gate
 *   - a transaction that a restart interrupted counts as open until it has come again
 *   - no unit handed out and not confirmed ends at or before flush, but for a unit that the server
 *     sent behind another one (a Prepare replayed at its Commit Prepared, which follows it)
 *   - units [first, first + count) are in the order of handing out; the first is not confirmed;
 *     those not marked `behind` ascend */
#include "engine.h"

#include "base/error.h"

#include <string.h>

struct ww_unit {
    ww_lsn lsn;
    bool confirmed;
    bool behind; /* lies at or before one handed out earlier */
};

ww_lsn ww_event_unit_lsn(const ww_event *ev)
{
    switch (ev->kind) {
    case WW_EV_COMMIT:
        return ev->commit.end_lsn;
    case WW_EV_STREAM_COMMIT:
        return ev->stream_commit.end_lsn;
    case WW_EV_PREPARE:
    case WW_EV_STREAM_PREPARE:
        return ev->prepare.end_lsn;
    case WW_EV_COMMIT_PREPARED:
        return ev->commit_prepared.end_lsn;
    case WW_EV_ROLLBACK_PREPARED:
        return ev->rollback_prepared.rollback_end_lsn;
    case WW_EV_MESSAGE:
        return (ev->message.flags & WW_MESSAGE_TRANSACTIONAL) == 0 ? ev->message.lsn : 0;
    default:
        return 0;
    }
}

ww_lsn ww_stream_flush(const ww_stream *s)
{
    return s->flush;
}

ww_lsn ww_stream_durable(const ww_stream *s)
{
    return s->durable;
}

ww_lsn ww_stream_reported(const ww_stream *s)
{
    return s->reported;
}

ww_lsn ww_stream_received(const ww_stream *s)
{
    return s->received;
}

static bool all_confirmed(const ww_stream *s)
{
    if (s->config.raw)
        return !s->raw_dirty;
    if (s->held)
        return true;
    if (s->config.mode == WW_CONFIRM_EACH)
        return s->units_count == 0;
    return s->confirmed >= s->handed_out && s->behind == 0;
}

bool ww_stream_idle(const ww_stream *s)
{
    return s->error.status == WW_OK && !s->in_transaction && !s->resumed.awaited &&
           !s->has_pending && all_confirmed(s);
}

/* More can be told than before `told`. */
static void note_news(ww_stream *s, ww_lsn told, ww_mono_us now)
{
    if (ww__stream_reportable(s) == told)
        return;
    if (!s->flush_moved)
        s->flush_moved_at = now;
    s->flush_moved = true;
}

static void advance(ww_stream *s, ww_lsn lsn, ww_mono_us now)
{
    bool news = lsn > s->flush || (lsn == s->flush && lsn != 0 && !s->flush_known);
    ww_lsn told = ww__stream_reportable(s);
    if (s->held || !news)
        return;
    s->flush = lsn;
    s->flush_known = true;
    note_news(s, told, now);
}

void ww_stream_permit(ww_stream *s, ww_lsn lsn, ww_now now)
{
    ww_lsn told = ww__stream_reportable(s);
    if (lsn > s->permitted)
        s->permitted = lsn;
    note_news(s, told, now.mono_us);
}

void ww__stream_settle(ww_stream *s, ww_mono_us now)
{
    if (ww_stream_idle(s))
        advance(s, s->idle_lsn, now);
}

void ww__stream_heard(ww_stream *s, ww_lsn end, ww_mono_us now)
{
    if (end > s->received)
        s->received = end;
    ww__stream_check_resumed(s, end);
    if (!s->in_transaction && !s->resumed.awaited && end > s->idle_lsn)
        s->idle_lsn = end;
    ww__stream_settle(s, now);
}

void ww_stream_hold(ww_stream *s)
{
    const ww_alloc *alloc = s->config.alloc;
    if (s->units != NULL)
        alloc->resize(alloc->ctx, s->units, s->units_cap * sizeof *s->units, 0);
    s->units = NULL;
    s->units_cap = s->units_first = s->units_count = s->units_behind = 0;
    s->held = true;
}

/* ---- handing out ---------------------------------------------------------------------------- */

static ww_status fail_order(ww_stream *s, const ww_event *ev, ww_lsn lsn, ww_lsn before)
{
    char text[WW_LSN_TEXT_SIZE];
    ww__stream_fail(s, WW_ERR_GAP, "the server went back: a transaction that must have been sent "
                                   "before");
    ww__error_add_text(&s->error, ww_event_kind_name(ev->kind));
    ww_lsn_format(lsn, text);
    ww__error_add_text(&s->error, " that ends at ");
    ww__error_add_text(&s->error, text);
    ww_lsn_format(before, text);
    ww__error_add_text(&s->error, ", after ");
    ww__error_add_text(&s->error, text);
    return WW_ERR_GAP;
}

/* Units follow each other in the WAL's order, behind every keepalive seen. The exceptions: a
 * Prepare that is replayed at its Commit Prepared because two_phase was switched on between the
 * two, and non-transactional messages, which no rule ties to transactions. */
static ww_status check_order(ww_stream *s, const ww_event *ev, ww_lsn lsn)
{
    ww_lsn before = s->handed_out > s->flush ? s->handed_out : s->flush;
    if (s->idle_lsn > before)
        before = s->idle_lsn;
    if (lsn == 0 || (s->pending.end != 0 && lsn > s->pending.end))
        return ww__stream_fail(s, WW_ERR_PROTOCOL,
                               "a transaction ends beyond the WAL position it was sent at");
    if (lsn <= before && ev->kind != WW_EV_PREPARE && ev->kind != WW_EV_MESSAGE)
        return fail_order(s, ev, lsn, before);
    return WW_OK;
}

/* Room for one more unit: moved down if at least half of the array is free in front, else doubled;
 * so each unit is moved at most about twice in its life. */
static ww_status make_room(ww_stream *s)
{
    const ww_alloc *alloc = s->config.alloc;
    size_t cap = s->units_cap > 0 ? s->units_cap * 2 : 64;
    ww_unit *units;

    if (s->units_first + s->units_count < s->units_cap)
        return WW_OK;
    if (s->units_first > 0 && s->units_first >= s->units_count) {
        memcpy(s->units, s->units + s->units_first, s->units_count * sizeof *units);
        s->units_first = 0;
        return WW_OK;
    }
    if (s->units_cap > SIZE_MAX / 2 / sizeof *units)
        return ww__stream_fail(s, WW_ERR_NOMEM, "no memory for unconfirmed transactions");
    units = alloc->resize(alloc->ctx, s->units, s->units_cap * sizeof *units, cap * sizeof *units);
    if (units == NULL)
        return ww__stream_fail(s, WW_ERR_NOMEM, "no memory for unconfirmed transactions");
    s->units = units;
    s->units_cap = cap;
    return WW_OK;
}

static ww_status remember(ww_stream *s, ww_lsn lsn)
{
    ww_unit *u;
    if (s->units_count >= s->config.max_unconfirmed) {
        ww__stream_fail(s, WW_ERR_LIMIT, "too many transactions are handed out and not confirmed");
        ww__error_add_text(&s->error, "max_unconfirmed");
        return WW_ERR_LIMIT;
    }
    if (make_room(s) != WW_OK)
        return s->error.status;
    u = &s->units[s->units_first + s->units_count++];
    u->lsn = lsn;
    u->confirmed = false;
    u->behind = lsn <= s->handed_out;
    s->units_behind += u->behind;
    return WW_OK;
}

ww_status ww__stream_hand_out(ww_stream *s, const ww_event *ev)
{
    ww_lsn lsn = ww_event_unit_lsn(ev);
    ww_status status = check_order(s, ev, lsn);
    if (status == WW_OK && !s->held && s->config.mode == WW_CONFIRM_EACH)
        status = remember(s, lsn);
    if (status != WW_OK)
        return status;
    s->handed_out_before = s->handed_out;
    if (lsn <= s->handed_out) {
        s->behind = lsn;
        s->behind_after = s->handed_out;
    } else {
        s->handed_out = lsn;
    }
    if (lsn > s->received)
        s->received = lsn;
    return WW_OK;
}

void ww_stream_take_back(ww_stream *s, const ww_event *ev)
{
    ww_lsn lsn = ww_event_unit_lsn(ev);
    if (lsn == 0 || s->held || s->config.raw)
        return;
    if (s->behind == lsn)
        s->behind = 0;
    s->handed_out = s->handed_out_before;
    if (s->config.mode == WW_CONFIRM_EACH && s->units_count > 0) {
        s->units_count--;
        s->units_behind -= s->units[s->units_first + s->units_count].behind;
    }
}

/* ---- confirming ----------------------------------------------------------------------------- */

static ww_unit *find_in_order(const ww_stream *s, ww_lsn lsn)
{
    ww_unit *units = s->units + s->units_first;
    size_t low = 0, high = s->units_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        size_t at = middle;
        while (at > low && units[at].behind)
            at--;
        if (units[at].behind || units[at].lsn < lsn)
            low = middle + 1;
        else if (units[at].lsn > lsn)
            high = at;
        else
            return units[at].confirmed ? NULL : &units[at];
    }
    return NULL;
}

static ww_unit *find_behind(const ww_stream *s, ww_lsn lsn)
{
    ww_unit *u = s->units + s->units_first;
    ww_unit *end = u + s->units_count;
    if (s->units_behind == 0)
        return NULL;
    while (u < end && !(u->behind && !u->confirmed && u->lsn == lsn))
        u++;
    return u < end ? u : NULL;
}

static ww_status fail_unknown(ww_lsn lsn, ww_error *err)
{
    char text[WW_LSN_TEXT_SIZE];
    ww_lsn_format(lsn, text);
    return ww__fail_text(err, WW_ERR_USAGE,
                         "no unconfirmed transaction with this end position was handed out", text);
}

static void note_durable(ww_stream *s, ww_lsn lsn)
{
    if (lsn > s->durable)
        s->durable = lsn;
}

static void drop_confirmed(ww_stream *s, ww_mono_us now)
{
    ww_unit *u;
    for (u = s->units + s->units_first; s->units_count > 0 && u->confirmed; u++) {
        advance(s, u->lsn, now);
        note_durable(s, u->lsn);
        s->units_behind -= u->behind;
        s->units_first++;
        s->units_count--;
    }
}

static ww_status confirm_each(ww_stream *s, ww_lsn lsn, ww_mono_us now, ww_error *err)
{
    ww_unit *u = s->units_count > 0 ? find_in_order(s, lsn) : NULL;
    if (u == NULL && s->units_count > 0)
        u = find_behind(s, lsn);
    if (u == NULL)
        return fail_unknown(lsn, err);
    u->confirmed = true;
    drop_confirmed(s, now);
    return WW_OK;
}

/* What is at or before flush was confirmed already, also by a session before this one. A unit in
 * order ends the search; those that lie behind are looked for among all. */
static ww_status confirm_all_through(ww_stream *s, ww_lsn lsn, ww_mono_us now, ww_error *err)
{
    ww_unit *u;
    size_t i;
    if (lsn > s->handed_out && lsn > s->flush)
        return fail_unknown(lsn, err);
    if (s->units_count == 0)
        return WW_OK;
    u = s->units + s->units_first;
    for (i = 0; i < s->units_count && (u[i].lsn <= lsn || s->units_behind > 0); i++)
        u[i].confirmed |= u[i].lsn <= lsn;
    drop_confirmed(s, now);
    return WW_OK;
}

/* A unit that lies behind is confirmed by its own position, or by that of a unit after it; its own
 * also stands for what was handed out before it. */
static ww_status confirm_through(ww_stream *s, ww_lsn lsn, ww_mono_us now, ww_error *err)
{
    ww_lsn behind = 0;
    if (lsn == 0 || lsn > s->handed_out)
        return fail_unknown(lsn, err);
    if (lsn == s->behind)
        lsn = s->behind_after;
    else if (lsn <= s->behind_after)
        behind = s->behind;
    s->behind = behind;
    if (lsn > s->confirmed)
        s->confirmed = lsn;
    note_durable(s, lsn);
    advance(s, lsn, now);
    return WW_OK;
}

size_t ww_stream_unconfirmed(const ww_stream *s)
{
    if (s->config.mode == WW_CONFIRM_EACH)
        return s->units_count;
    return all_confirmed(s) ? 0 : 1;
}

static ww_status refuse_raw(ww_error *err)
{
    return ww__fail(err, WW_ERR_USAGE, "a raw stream has no transactions to confirm");
}

ww_status ww_stream_confirm_through(ww_stream *s, ww_lsn lsn, ww_now now, ww_error *err)
{
    ww_status status;
    if (s->config.mode == WW_CONFIRM_THROUGH)
        return ww_stream_confirm(s, lsn, now, err);
    if (s->config.raw)
        return refuse_raw(err);
    if (s->held)
        return WW_OK;
    status = confirm_all_through(s, lsn, now.mono_us, err);
    if (status == WW_OK)
        ww__stream_settle(s, now.mono_us);
    return status;
}

ww_status ww_stream_confirm(ww_stream *s, ww_lsn end_lsn, ww_now now, ww_error *err)
{
    ww_status status;
    if (s->config.raw)
        return refuse_raw(err);
    if (s->held)
        return WW_OK;
    status = s->config.mode == WW_CONFIRM_EACH ? confirm_each(s, end_lsn, now.mono_us, err)
                                               : confirm_through(s, end_lsn, now.mono_us, err);
    if (status == WW_OK)
        ww__stream_settle(s, now.mono_us);
    return status;
}

ww_status ww_stream_flush_to(ww_stream *s, ww_lsn lsn, ww_now now, ww_error *err)
{
    if (!s->config.raw)
        return ww__fail(err, WW_ERR_USAGE, "only a raw stream is flushed to a position");
    if (lsn > s->received)
        return ww__fail(err, WW_ERR_USAGE, "this position was not received yet");
    advance(s, lsn, now.mono_us);
    return WW_OK;
}

ww_status ww_stream_flush_all(ww_stream *s, ww_now now, ww_error *err)
{
    ww_status status = ww_stream_flush_to(s, s->received, now, err);
    if (status == WW_OK)
        s->raw_dirty = false;
    return status;
}
