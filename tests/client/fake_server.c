/* SPDX-License-Identifier: MIT */
/* fake_server.c: the child process that plays a server. */
#include "fake_server.h"

#include "base/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- messages ------------------------------------------------------------------------------- */

void fake_message(enc *played, char type, const void *body, size_t len)
{
    ww_slice bytes = {body, len};
    enc_u8(played, (unsigned char)type);
    enc_u32(played, (uint32_t)len + 4);
    enc_bytes(played, bytes);
}

void fake_wal(enc *played, ww_lsn lsn, const enc *message)
{
    enc body = {0};
    enc_u8(&body, 'w');
    enc_u64(&body, lsn);
    enc_u64(&body, lsn);
    enc_u64(&body, 1000);
    enc_bytes(&body, enc_slice(message));
    fake_message(played, 'd', body.ptr, body.len);
    enc_free(&body);
}

void fake_keepalive(enc *played, ww_lsn end, bool reply)
{
    enc body = {0};
    enc_u8(&body, 'k');
    enc_u64(&body, end);
    enc_u64(&body, 1000);
    enc_u8(&body, reply);
    fake_message(played, 'd', body.ptr, body.len);
    enc_free(&body);
}

static void put_field(enc *body, char code, const char *text)
{
    enc_u8(body, (unsigned char)code);
    enc_cstr(body, ww_slice_of(text));
}

static void put_report(enc *played, char type, const char *severity, const char *sqlstate,
                       const char *routine)
{
    enc body = {0};
    put_field(&body, 'S', "NACHRICHT"); /* translated: nobody may depend on it */
    put_field(&body, 'V', severity);
    put_field(&body, 'C', sqlstate);
    put_field(&body, 'M', "ein Text in einer anderen Sprache");
    put_field(&body, 'R', routine);
    enc_u8(&body, 0);
    fake_message(played, type, body.ptr, body.len);
    enc_free(&body);
}

void fake_notice(enc *played, const char *sqlstate, const char *routine)
{
    put_report(played, 'N', "WARNING", sqlstate, routine);
}

/* ---- the child ------------------------------------------------------------------------------ */

static void send_all(int fd, const enc *bytes)
{
    size_t done = 0;
    while (done < bytes->len) {
        ssize_t n = send(fd, bytes->ptr + done, bytes->len - done, MSG_NOSIGNAL);
        if (n <= 0)
            _exit(2);
        done += (size_t)n;
    }
}

/* False at the end of the connection. */
static bool read_all(int fd, void *to, size_t len)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = recv(fd, (char *)to + got, len - got, 0);
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

static void put_text_row(enc *out, const char *const *values, uint16_t count)
{
    enc body = {0};
    uint16_t i;
    enc_u16(&body, count);
    for (i = 0; i < count; i++) {
        enc_u32(&body, values[i] != NULL ? (uint32_t)strlen(values[i]) : UINT32_MAX);
        enc_bytes(&body, ww_slice_of(values[i]));
    }
    fake_message(out, 'D', body.ptr, body.len);
    enc_free(&body);
}

static void put_columns(enc *out, uint16_t count)
{
    enc body = {0};
    enc_u16(&body, count);
    for (; count > 0; count--) {
        enc_cstr(&body, ww_slice_of("c"));
        enc_hex(&body, "00000000 0000 00000019 ffff ffffffff 0000");
    }
    fake_message(out, 'T', body.ptr, body.len);
    enc_free(&body);
}

const fake_type_row *fake_types;
size_t fake_types_count;
uint16_t fake_types_columns = FAKE_TYPE_COLUMNS;
enum fake_second fake_second;

static void answer_types(enc *out)
{
    size_t i;
    put_columns(out, fake_types_columns);
    for (i = 0; i < fake_types_count; i++)
        put_text_row(out, fake_types[i], fake_types_columns);
    fake_message(out, 'C', "SELECT", 7);
    fake_message(out, 'Z', "I", 1);
}

/* What this server knows, by a piece of the question. */
static void answer(enc *out, const char *query, fake_end how)
{
    static const char *const system[] = {"7000000000000000001", "1", "0/1000", "db"};
    const char *const facts[] = {"logical", how == FAKE_SILENT ? "400" : "60000"};
    static const char *const slot[] = {"logical", "pgoutput", "db", "f", "f", "0",
                                       "0/500",   "f",        "",   "",  ""};
    const char *const *row = NULL;
    uint16_t count = 1;
    if (strstr(query, "WITH RECURSIVE parts") != NULL) {
        answer_types(out);
        return;
    }
    if (strstr(query, "IDENTIFY_SYSTEM") != NULL) {
        row = system;
        count = 4;
    } else if (strstr(query, "wal_sender_timeout") != NULL) {
        row = facts;
        count = 2;
    } else if (strstr(query, "pg_replication_slots") != NULL) {
        row = slot;
        count = 11;
    }
    put_columns(out, count);
    if (row != NULL)
        put_text_row(out, row, count);
    fake_message(out, 'C', "SELECT", 7);
    fake_message(out, 'Z', "I", 1);
}

static void log_in(int fd)
{
    uint8_t head[4], body[10000];
    enc out = {0};
    uint32_t len;
    if (!read_all(fd, head, 4) || (len = ww__load32(head)) > sizeof body ||
        !read_all(fd, body, len - 4))
        _exit(2);
    fake_message(&out, 'R', "\0\0\0\0", 4);
    fake_message(&out, 'S', "server_version\00018.4", 20);
    fake_message(&out, 'S', "client_encoding\0UTF8", 21);
    fake_message(&out, 'K', "\0\0\0\1\0\0\0\2", 8);
    fake_message(&out, 'Z', "I", 1);
    send_all(fd, &out);
    enc_free(&out);
}

static void finish_stream(int fd, fake_end how)
{
    enc out = {0};
    if (how == FAKE_STAY || how == FAKE_FINISH)
        fake_message(&out, 'c', "", 0);
    if (how == FAKE_STAY || how == FAKE_FINISH || how == FAKE_SHUTDOWN)
        fake_message(&out, 'C', "COPY 0", 7);
    if (how == FAKE_ERROR)
        put_report(&out, 'E', "ERROR", "58P01", "XLogReadError");
    if (how == FAKE_STAY || how == FAKE_FINISH || how == FAKE_ERROR)
        fake_message(&out, 'Z', "I", 1);
    send_all(fd, &out);
    enc_free(&out);
}

static void stream(int fd, const enc *played, fake_end how)
{
    enc out = {0};
    if (how == FAKE_COMPLETE) {
        fake_message(&out, 'C', "SELECT", 7);
        fake_message(&out, 'Z', "I", 1);
        send_all(fd, &out);
        enc_free(&out);
        return;
    }
    fake_message(&out, 'W', "\0\0\0", 3);
    enc_bytes(&out, enc_slice(played));
    send_all(fd, &out);
    enc_free(&out);
    if (how != FAKE_STAY && how != FAKE_SILENT)
        finish_stream(fd, how);
}

static void serve(int fd, int feedback, const enc *played, fake_end how)
{
    uint8_t head[5], body[20000];
    log_in(fd);
    while (read_all(fd, head, 5)) {
        enc out = {0};
        uint32_t len = ww__load32(head + 1) - 4;
        if (len > sizeof body || !read_all(fd, body, len))
            _exit(2);
        if (head[0] == 'Q' && strncmp((char *)body, "START_REPLICATION", 17) == 0) {
            stream(fd, played, how);
            if (how == FAKE_HANG_UP || how == FAKE_SHUTDOWN)
                shutdown(fd, SHUT_WR);
        } else if (head[0] == 'Q') {
            answer(&out, (char *)body, how);
            send_all(fd, &out);
        } else if (head[0] == 'd' && body[0] == 'r') {
            uint64_t flush = ww__load64(body + 9);
            if (write(feedback, &flush, sizeof flush) != sizeof flush)
                _exit(2);
        } else if (head[0] == 'c') {
            finish_stream(fd, FAKE_STAY);
        }
        enc_free(&out);
    }
    _exit(0);
}

/* ---- the parent ----------------------------------------------------------------------------- */

bool fake_start(fake_server *f, const enc *played, fake_end end)
{
    struct sockaddr_un address;
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), pipe_ends[2];
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    snprintf(f->directory, sizeof f->directory, "/tmp/walwire-fake-XXXXXX");
    if (listener < 0 || mkdtemp(f->directory) == NULL || pipe(pipe_ends) != 0)
        return false;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", f->directory);
    snprintf(f->conninfo, sizeof f->conninfo, "host=%s port=5432 user=u dbname=db", f->directory);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 1) != 0 || (f->pid = fork()) < 0)
        return false;
    if (f->pid == 0) {
        int fd = accept(listener, NULL, NULL);
        close(pipe_ends[0]);
        if (fake_second == FAKE_ANSWERS && fork() == 0) {
            close(pipe_ends[1]);
            close(fd);
            serve(accept(listener, NULL, NULL), -1, played, end);
        }
        if (fake_second != FAKE_HANGS)
            close(listener);
        serve(fd, pipe_ends[1], played, end);
    }
    close(listener);
    close(pipe_ends[1]);
    f->feedback = pipe_ends[0];
    return true;
}

ww_lsn fake_finish(fake_server *f)
{
    char path[128];
    uint64_t flush, highest = 0;
    while (read(f->feedback, &flush, sizeof flush) == sizeof flush)
        highest = flush > highest ? flush : highest;
    close(f->feedback);
    waitpid(f->pid, NULL, 0);
    snprintf(path, sizeof path, "%s/.s.PGSQL.5432", f->directory);
    unlink(path);
    rmdir(f->directory);
    return highest;
}
