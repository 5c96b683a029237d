/* SPDX-License-Identifier: MIT */
/* fuzz_client.c: the whole client, from the first byte of its start-up on, against any server, over
 * a real socket: session settings, slot and publication, catalogs, stream. The server is a thread
 * that says the same whatever it hears. Input: a byte of options, then what each connection says,
 * behind its length in two bytes; then it hangs up. seeds_client.py writes the seeds.
 *
 * Oracle: every call ends; what fails says what and why; the password leaves only if the server
 * asked for it in clear; nothing leaks. */
#include "fuzz.h"

#include <walwire/client.h>

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define INPUT_MAX 32768u /* less than a socket holds: nobody has to wait for the other */
#define CONNECTIONS 4
#define PASSWORD "pencil.canary"

enum { CATALOG = 1, BINARY = 2, STREAM_EVENTS = 4, CREATE = 8, UNTIL_NOW = 16, TWO_PHASE = 32 };

/* ---- the server ------------------------------------------------------------------------------ */

static struct {
    pthread_mutex_t lock;
    char folder[64], conninfo[160];
    struct sockaddr_un address;
    int listener, open[CONNECTIONS];
    ww_slice says[CONNECTIONS];
    size_t count, accepted; /* of what is said, and of connections */
    bool ending;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool contains(ww_slice in, const void *what, size_t n)
{
    size_t i;
    for (i = 0; i + n <= in.len; i++)
        if (memcmp(in.ptr + i, what, n) == 0)
            return true;
    return false;
}

static void hear_and_close(int fd, ww_slice said)
{
    static uint8_t heard[1 << 18];
    ww_slice bytes = {heard, 0};
    ssize_t n;
    while ((n = recv(fd, heard + bytes.len, sizeof heard - bytes.len, MSG_DONTWAIT)) > 0)
        bytes.len += (size_t)n;
    close(fd);
    REQUIRE(!contains(bytes, PASSWORD, strlen(PASSWORD)) ||
            contains(said, "R\0\0\0\x08\0\0\0\x03", 9));
}

/* Called for each connection, in the order in which they were made. One that comes while the play
 * is ending is the fuzzer's own, which waits for this byte, or one that its client has left. */
static void answer(int fd)
{
    ww_slice say;
    if (server.ending || server.accepted == server.count) {
        send(fd, "", 1, MSG_NOSIGNAL);
        close(fd);
        return;
    }
    say = server.says[server.accepted];
    server.open[server.accepted++] = fd;
    if (say.len > 0)
        send(fd, say.ptr, say.len, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
}

static void *serve(void *unused)
{
    for (;;) {
        int fd = accept(server.listener, NULL, NULL);
        if (fd < 0)
            continue;
        pthread_mutex_lock(&server.lock);
        answer(fd);
        pthread_mutex_unlock(&server.lock);
    }
    return unused;
}

static void remove_folder(void)
{
    unlink(server.address.sun_path);
    rmdir(server.folder);
}

static void start_server(void)
{
    pthread_t thread;
    const char *temporary = getenv("TMPDIR");
    snprintf(server.folder, sizeof server.folder, "%s/walwire-fuzz-XXXXXX",
             temporary != NULL && strlen(temporary) < 40 ? temporary : "/tmp");
    REQUIRE(mkdtemp(server.folder) != NULL);
    server.address.sun_family = AF_UNIX;
    snprintf(server.address.sun_path, sizeof server.address.sun_path, "%s/.s.PGSQL.5432",
             server.folder);
    snprintf(server.conninfo, sizeof server.conninfo,
             "host=%s port=5432 user=u dbname=db connect_timeout=2 password=" PASSWORD,
             server.folder);
    server.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(bind(server.listener, (struct sockaddr *)&server.address, sizeof server.address) == 0);
    REQUIRE(listen(server.listener, 64) == 0);
    REQUIRE(pthread_create(&thread, NULL, serve, NULL) == 0);
    atexit(remove_folder);
}

static void begin_play(const uint8_t *data, size_t size)
{
    pthread_mutex_lock(&server.lock);
    server.ending = false;
    server.count = server.accepted = 0;
    while (size >= 2 && server.count < CONNECTIONS) {
        ww_slice *say = &server.says[server.count++];
        size_t len = (size_t)data[0] << 8 | data[1];
        say->ptr = data + 2;
        say->len = len < size - 2 ? len : size - 2;
        data += 2 + say->len;
        size -= 2 + say->len;
    }
    pthread_mutex_unlock(&server.lock);
}

/* No connection is left for the next play. */
static void end_play(void)
{
    char byte;
    size_t i;
    ssize_t n;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    pthread_mutex_lock(&server.lock);
    server.ending = true;
    for (i = 0; i < server.accepted; i++)
        hear_and_close(server.open[i], server.says[i]);
    pthread_mutex_unlock(&server.lock);
    REQUIRE(connect(fd, (struct sockaddr *)&server.address, sizeof server.address) == 0);
    do /* libFuzzer has a timer */
        n = recv(fd, &byte, 1, 0);
    while (n < 0 && errno == EINTR);
    REQUIRE(n == 1);
    close(fd);
}

/* ---- the client ------------------------------------------------------------------------------ */

static void require_reason(ww_status status, const ww_error *err)
{
    REQUIRE(status < 0 && err->status == status && err->what != NULL && err->what[0] != '\0');
}

static void read_all(ww_client *client)
{
    ww_event event;
    ww_error err;
    ww_status status;
    ww_error_clear(&err);
    while ((status = ww_client_next(client, &event, &err)) == WW_OK) {
        ww_lsn lsn = ww_event_unit_lsn(&event);
        if (lsn != 0)
            ww_client_confirm(client, lsn, NULL);
    }
    if (status != WW_END)
        require_reason(status, &err);
    ww_client_stop(client, 0, NULL);
}

static void play(unsigned options)
{
    ww_client_config config = WW_CLIENT_CONFIG_INIT;
    ww_client *client;
    ww_error err;
    ww_error_clear(&err);
    config.conninfo = server.conninfo;
    config.slot = "s";
    config.publications = "p";
    config.catalog = (options & CATALOG) != 0 ? WW_CATALOG_FULL : WW_CATALOG_OFF;
    config.binary = (options & BINARY) != 0 ? WW_BINARY_AUTO : WW_BINARY_OFF;
    config.stream_events = (options & STREAM_EVENTS) != 0;
    config.create_slot = (options & CREATE) != 0;
    config.if_not_exists = true;
    config.until_now = (options & UNTIL_NOW) != 0;
    config.two_phase = (options & TWO_PHASE) != 0;
    config.no_reconnect = true; /* the script is played once */
    client = ww_client_open(&config, &err);
    if (client != NULL)
        read_all(client);
    else
        require_reason(err.status, &err);
    ww_client_close(client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (server.listener == 0)
        start_server();
    if (size == 0 || size > INPUT_MAX)
        return 0;
    begin_play(data + 1, size - 1);
    play(data[0]);
    end_play();
    return 0;
}
