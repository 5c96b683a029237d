/* SPDX-License-Identifier: MIT */
/* refuse.c: what a format answers to transactions that it has no lines for. */
#include "render.h"

#include "base/error.h"

ww_status ww__refuse_streamed(const ww_format *f, const ww_event *ev, ww_error *err)
{
    switch (ev->kind) {
    case WW_EV_STREAM_START:
    case WW_EV_STREAM_COMMIT:
    case WW_EV_STREAM_PREPARE:
        return ww__fail_text(err, WW_ERR_USAGE,
                             "the format has no lines for transactions that are still open: "
                             "assemble them, or choose compact",
                             f->ops->name);
    default: /* STREAM_STOP and STREAM_ABORT say nothing about what such a format has shown */
        return WW_OK;
    }
}

static ww_status refuse_prepared(const ww_format *f, const ww_event *ev, ww_error *err)
{
    switch (ev->kind) {
    case WW_EV_BEGIN_PREPARE:
    case WW_EV_PREPARE:
    case WW_EV_COMMIT_PREPARED:
    case WW_EV_ROLLBACK_PREPARED:
        return ww__fail_text(err, WW_ERR_USAGE,
                             "the format has no lines for prepared transactions, which are not "
                             "committed yet: leave --two-phase out, or choose debezium, compact "
                             "or sql",
                             f->ops->name);
    default:
        return ww__refuse_streamed(f, ev, err);
    }
}

ww_status ww__refuse_begin(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    (void)out;
    return refuse_prepared(f, ev, err);
}

ww_status ww__refuse_commit(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err)
{
    (void)out;
    return refuse_prepared(f, ev, err);
}
