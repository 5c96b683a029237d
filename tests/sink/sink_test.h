/* SPDX-License-Identifier: MIT */
/* sink_test.h: what the tests of the sink share: a directory of their own, and files in it. */
#ifndef WALWIRE_TESTS_SINK_TEST_H
#define WALWIRE_TESTS_SINK_TEST_H

#include "check.h"

#include <walwire/sink.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/walwire-sink-XXXXXX";
static char path[512];

/* A name that nothing has yet; `path` holds it until the next. */
static inline const char *name(const char *file)
{
    snprintf(path, sizeof path, "%s/%s", directory, file);
    unlink(path);
    return path;
}

/* A call that blocks where it must not ends the program. */
static inline bool tests_begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    alarm(60);
    return mkdtemp(directory) != NULL;
}

static inline int tests_end(void)
{
    DIR *list = opendir(directory);
    struct dirent *entry;
    while (list != NULL && (entry = readdir(list)) != NULL)
        if (entry->d_name[0] != '.')
            name(entry->d_name);
    if (list != NULL)
        closedir(list);
    CHECK(rmdir(directory) == 0);
    return check_report();
}

static inline void put(ww_sink *s, const char *text)
{
    size_t n = 0;
    CHECK_EQ_U64(ww_sink_write(s, (const uint8_t *)text, strlen(text), &n, NULL), WW_OK);
    CHECK_EQ_U64(n, strlen(text));
}

/* Somebody else's bytes. */
static inline void put_fd(int fd, const char *text)
{
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

/* A file with this content, closed again. */
static inline void put_file(const char *file, const char *text)
{
    int fd = open(name(file), O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0);
    put_fd(fd, text);
    close(fd);
}

/* All of a file, NULs included. */
static inline ww_slice content_of(const char *file)
{
    static uint8_t bytes[4096];
    ww_slice all = {bytes, 0};
    int fd = open(file, O_RDONLY);
    ssize_t n = read(fd, bytes, sizeof bytes);
    CHECK(n >= 0);
    all.len = n > 0 ? (size_t)n : 0;
    close(fd);
    return all;
}

static inline ww_slice content(void)
{
    return content_of(path);
}

/* Without a position. */
static inline ww_status open_plain(ww_sink **out, const char *where, ww_mono_us interval_us,
                                   ww_error *err)
{
    ww_sink_config config = WW_SINK_CONFIG_INIT;
    config.path = where;
    config.fsync_interval_us = interval_us;
    return ww_sink_open(out, &config, err);
}

/* With its position beside it. */
static inline ww_status open_kept(ww_sink **out, const char *where, bool init, ww_error *err)
{
    ww_sink_config config = WW_SINK_CONFIG_INIT;
    config.path = where;
    config.position = true;
    config.init = init;
    return ww_sink_open(out, &config, err);
}

/* A position of slot s1 of one and the same system. */
static inline ww_position position_at(ww_lsn acked)
{
    ww_position p;
    memset(&p, 0, sizeof p);
    p.acked = acked;
    p.system_id = 7;
    p.timeline = 1;
    memcpy(p.slot, "s1", 3);
    memcpy(p.database, "shop", 5);
    return p;
}

static inline ww_status save_at(const ww_position_store *store, ww_lsn acked, ww_error *err)
{
    ww_position p = position_at(acked);
    return store->save(store->ctx, &p, err);
}

static inline ww_sink *open_sink(const char *where)
{
    ww_sink *s = NULL;
    if (!CHECK_EQ_U64(open_plain(&s, where, 0, NULL), WW_OK))
        exit(1);
    return s;
}

#endif
