/* SPDX-License-Identifier: MIT */
/* test_transcripts.c: every transcript, at every chunking, and cut at every byte. */
#include "check.h"
#include "script.h"

#include <dirent.h>

#define FOLDER "wire/transcripts"

static script the_script;

static void play(const script_delivery *d)
{
    bool ok = script_play(&the_script, script_crypto(ww_crypto_openssl()), d);
    if (!check_that(ok, the_script.name, __FILE__, __LINE__))
        exit(1); /* the thousands that follow would say the same */
}

static void play_whole(void)
{
    script_delivery d = { 0 };
    play(&d);
}

static void play_chunked(void)
{
    script_delivery d = { 0 };
    for (d.chunk = 1; d.chunk <= 64; d.chunk++)
        play(&d);
}

static void play_split(void)
{
    script_delivery d = { 0 };
    for (d.split = 1; d.split < the_script.server_bytes; d.split++)
        play(&d);
}

static void play_partial_sends(void)
{
    script_delivery d = { 0 };
    for (d.send_chunk = 1; d.send_chunk <= 48; d.send_chunk++)
        play(&d);
}

static void play_cut(void)
{
    script_delivery d = { 0 };
    d.cut = true;
    for (d.split = 1; d.split < the_script.server_bytes; d.split++) {
        d.clean = false;
        play(&d);
        d.clean = true;
        play(&d);
    }
}

static size_t play_file(const char *name)
{
    char path[512];
    size_t len = strlen(name);
    if (len < 2 || strcmp(name + len - 2, ".t") != 0)
        return 0;
    snprintf(path, sizeof path, FOLDER "/%s", name);
    if (!CHECK(script_read(&the_script, path)))
        return 0;
    RUN(play_whole);
    RUN(play_chunked);
    RUN(play_split);
    RUN(play_partial_sends);
    RUN(play_cut);
    return 1;
}

int main(void)
{
    DIR *folder = opendir(FOLDER);
    struct dirent *entry;
    size_t files = 0;
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        files += play_file(entry->d_name);
    if (folder != NULL)
        closedir(folder);
    CHECK(files > 0);
    printf("%zu transcripts\n", files);
    return check_report();
}
