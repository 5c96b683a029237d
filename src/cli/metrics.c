/* SPDX-License-Identifier: MIT */
/* metrics.c: counts events, and replaces the file of --metrics-file: a reader finds the old text
 * or the new one, never a part. What cannot be written is said once, and tried again. */
#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- counting ------------------------------------------------------------------------------- */

static size_t bucket_of(ww_slice schema, ww_slice name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    size_t i;
    for (i = 0; i < schema.len; i++)
        hash = (hash ^ schema.ptr[i]) * 16777619u;
    hash *= 16777619u;
    for (i = 0; i < name.len; i++)
        hash = (hash ^ name.ptr[i]) * 16777619u;
    return hash % METRICS_BUCKETS;
}

static ww_slice keep(uint8_t *room, ww_slice text)
{
    ww_slice kept = {room, text.len};
    if (text.len > 0)
        memcpy(room, text.ptr, text.len);
    return kept;
}

/* One more table of its own; the common one where there is no room. */
static metrics_table *add_table(metrics *m, metrics_table **place, ww_slice schema, ww_slice name)
{
    metrics_table *t;
    if (m->ntables > METRICS_TABLES || schema.len > METRICS_NAME_MAX || name.len > METRICS_NAME_MAX)
        return &m->others;
    t = calloc(1, sizeof *t + schema.len + name.len);
    if (t == NULL)
        return &m->others;
    t->schema = keep((uint8_t *)(t + 1), schema);
    t->name = keep((uint8_t *)(t + 1) + schema.len, name);
    m->tables[m->ntables++] = t;
    *place = t;
    return t;
}

static metrics_table *find_by_name(metrics *m, ww_slice schema, ww_slice name)
{
    size_t i = bucket_of(schema, name);
    while (m->buckets[i] != NULL) {
        if (ww_slice_equal(m->buckets[i]->name, name) &&
            ww_slice_equal(m->buckets[i]->schema, schema))
            return m->buckets[i];
        i = (i + 1) % METRICS_BUCKETS;
    }
    return add_table(m, &m->buckets[i], schema, name);
}

static metrics_table *find_table(metrics *m, const ww_relation *relation)
{
    size_t i;
    if (relation == NULL)
        return &m->others;
    i = relation->serial % METRICS_MEMO;
    if (m->memo[i].serial != relation->serial) {
        m->memo[i].serial = relation->serial;
        m->memo[i].table = find_by_name(m, relation->nspname, relation->relname);
    }
    m->last_serial = relation->serial;
    m->last = m->memo[i].table;
    return m->last;
}

static void count_truncate(metrics *m, const ww_client *client, const ww_truncate *t)
{
    const ww_relcache *relations = ww_client_stream(client)->config.relations;
    uint32_t i;
    for (i = 0; i < t->count; i++) {
        uint32_t id = ww_truncate_relation_id(t, i);
        find_table(m, ww_relcache_find(relations, id))->counts[METRICS_OP(WW_EV_TRUNCATE)]++;
    }
}

void metrics_count_other(metrics *m, const ww_client *client, const ww_event *ev, ww_lsn unit)
{
    switch (ev->kind) {
    case WW_EV_RELATION:
    case WW_EV_INSERT:
    case WW_EV_UPDATE:
    case WW_EV_DELETE:
        find_table(m, ev->relation)->counts[METRICS_OP(ev->kind)]++;
        return;
    case WW_EV_TRUNCATE:
        count_truncate(m, client, &ev->truncate);
        return;
    default:
        m->others_of_kind[ev->kind & 127]++;
        m->units += unit != 0;
    }
}

void metrics_count_text(metrics *m)
{
    m->texts++;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* Is there something else than metrics, or what this command writes to? NULL: no. */
static const char *find_fault(const metrics *m)
{
    char start[sizeof METRICS_START - 1];
    struct stat st, other;
    const char *fault = NULL;
    int fd = open(m->o->metrics_file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? NULL : errno == ELOOP ? "a symbolic link" : strerror(errno);
    if (fstat(fd, &st) != 0)
        fault = strerror(errno);
    else if (!S_ISREG(st.st_mode))
        fault = "not a plain file";
    else if (m->out->sink != NULL && fstat(ww_sink_fd(m->out->sink), &other) == 0 &&
             st.st_dev == other.st_dev && st.st_ino == other.st_ino)
        fault = "that is the output";
    else if (st.st_size > 0 && (pread(fd, start, sizeof start, 0) != (ssize_t)sizeof start ||
                                memcmp(start, METRICS_START, sizeof start) != 0))
        fault = "the file holds something else; remove it, or name another";
    close(fd);
    return fault;
}

/* A new file of our own making: what lies in its place is removed, not written to. */
static int create_temporary(const char *path)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = open(path, flags, 0644);
    if (fd < 0 && errno == EEXIST && unlink(path) == 0)
        fd = open(path, flags, 0644);
    return fd;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
    return true;
}

/* Not synced: after a crash of the machine there is nothing to measure. */
static const char *replace_file(const metrics *m)
{
    char path[4096];
    const char *fault = find_fault(m);
    int fd, why = 0;
    if (fault != NULL)
        return fault;
    if (snprintf(path, sizeof path, "%s.%ld.tmp", m->o->metrics_file, (long)getpid()) >=
        (int)sizeof path)
        return strerror(ENAMETOOLONG);
    fd = create_temporary(path);
    if (fd < 0)
        return strerror(errno);
    if (!write_all(fd, m->text.ptr, m->text.len))
        why = errno;
    if (close(fd) != 0 && why == 0)
        why = errno;
    if (why == 0 && rename(path, m->o->metrics_file) == 0)
        return NULL;
    why = why != 0 ? why : errno;
    unlink(path);
    return strerror(why);
}

static void write_file(metrics *m, const ww_client *client, bool up)
{
    const char *fault;
    m->text.len = 0;
    m->text.status = WW_OK;
    metrics_write_text(m, client, up, &m->text);
    fault = m->text.status == WW_OK ? replace_file(m) : "no memory";
    if (fault != NULL && !m->failing)
        report_at(WW_LOG_WARNING, "metrics cannot be written to \"%s\": %s; it is tried again",
                  m->o->metrics_file, fault);
    if (fault == NULL && m->failing)
        report_at(WW_LOG_INFO, "metrics are written to \"%s\" again", m->o->metrics_file);
    m->failing = fault != NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

metrics *metrics_open(const options *o, const output *out)
{
    metrics *m;
    if (o->metrics_file == NULL)
        return NULL;
    m = calloc(1, sizeof *m);
    if (m == NULL) {
        report_at(WW_LOG_WARNING, "no memory for metrics: there will be none");
        return NULL;
    }
    m->o = o;
    m->out = out;
    m->others.name = ww_slice_of("_other");
    m->tables[m->ntables++] = &m->others;
    m->text.alloc = ww_alloc_malloc();
    m->started = ww_clock_now().wall;
    return m;
}

void metrics_update(metrics *m, const ww_client *client)
{
    ww_mono_us now;
    if (m == NULL || client == NULL)
        return;
    now = ww_clock_mono();
    if (now < m->due)
        return;
    m->due = now + m->o->metrics_interval_us;
    write_file(m, client, true);
}

ww_mono_us metrics_deadline(const metrics *m)
{
    return m != NULL ? m->due : WW_MONO_NEVER;
}

void metrics_close(metrics *m, const ww_client *client)
{
    size_t i;
    if (m == NULL)
        return;
    write_file(m, client, false);
    for (i = 1; i < m->ntables; i++)
        free(m->tables[i]);
    free(m->text.ptr);
    free(m);
}
