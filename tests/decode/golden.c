/* SPDX-License-Identifier: MIT */
/* golden.c: reads golden cases. */
#include "golden.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void refuse(const golden_file *g, const char *why)
{
    fprintf(stderr, "%s:%d: %s: %s\n", g->path, g->line, why, g->next);
    exit(1);
}

/* The next line that is neither empty nor a comment, without its end. */
static bool read_line(golden_file *g)
{
    while (fgets(g->next, sizeof g->next, g->file) != NULL) {
        g->line++;
        g->next[strcspn(g->next, "\n")] = '\0';
        if (g->next[0] != '\0' && g->next[0] != '#')
            return true;
    }
    g->next[0] = '\0';
    return false;
}

void golden_open(golden_file *g, const char *path)
{
    memset(g, 0, sizeof *g);
    g->path = path;
    g->file = fopen(path, "r");
    if (g->file == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    read_line(g);
}

void golden_close(golden_file *g)
{
    fclose(g->file);
}

/* What follows `word` and a space at the begin of the line; NULL if it begins with something
 * else. */
static const char *after(const char *line, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(line, word, n) != 0 || (line[n] != ' ' && line[n] != '\0'))
        return NULL;
    return line + n + (line[n] == ' ');
}

static unsigned option_bit(const golden_file *g, const char *word)
{
    static const char *const names[] = { "binary", "streaming", "loose_order", "defer_blocks",
                                         "no_relations" };
    unsigned i;
    for (i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], word) == 0)
            return 1u << i;
    refuse(g, "unknown option");
    return 0;
}

static void read_options(golden_file *g, golden_case *c)
{
    const char *at = after(g->next, "options");
    char word[40];
    int n;
    while (at != NULL && (at += strspn(at, " "), *at != '\0')) {
        n = (int)strcspn(at, " ");
        snprintf(word, sizeof word, "%.*s", n, at);
        c->options |= option_bit(g, word);
        at += n;
    }
}

static void read_hex(const golden_file *g, golden_case *c, const char *hex)
{
    char digits[3] = { 0 };
    for (; *hex != '\0'; hex++) {
        if (*hex == ' ')
            continue;
        digits[0] = hex[0];
        digits[1] = hex[1];
        if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]) ||
            c->used == sizeof c->bytes)
            refuse(g, "not hex, or too much of it");
        c->bytes[c->used++] = (uint8_t)strtoul(digits, NULL, 16);
        hex++;
    }
}

static void read_message(golden_file *g, golden_case *c)
{
    size_t i = c->count++, start = c->used;
    const char *text;
    if (i == GOLDEN_MESSAGES_MAX)
        refuse(g, "too many messages in one case");
    c->messages[i].line = g->line;
    read_hex(g, c, after(g->next, "in"));
    while (read_line(g) && g->next[0] == ' ')
        read_hex(g, c, g->next);
    c->messages[i].bytes.ptr = c->bytes + start;
    c->messages[i].bytes.len = c->used - start;
    text = after(g->next, "out");
    if (text == NULL || strlen(text) >= sizeof c->messages[i].text)
        refuse(g, "expected a line that begins with out");
    memcpy(c->messages[i].text, text, strlen(text) + 1);
    read_line(g);
}

bool golden_next(golden_file *g, golden_case *c)
{
    const char *name = after(g->next, "case");
    c->options = 0;
    c->count = c->used = 0;
    if (g->next[0] == '\0')
        return false;
    if (name == NULL)
        refuse(g, "expected a line that begins with case");
    snprintf(c->name, sizeof c->name, "%s", name);
    c->line = g->line;
    read_line(g);
    if (after(g->next, "options") != NULL) {
        read_options(g, c);
        read_line(g);
    }
    while (after(g->next, "in") != NULL)
        read_message(g, c);
    return true;
}

ww_decoder_options golden_decoder_options(unsigned options, ww_relcache *relations)
{
    ww_decoder_options o = WW_DECODER_OPTIONS_INIT;
    o.relations = (options & GOLDEN_NO_RELATIONS) != 0 ? NULL : relations;
    o.binary = (options & GOLDEN_BINARY) != 0;
    o.streaming = (options & GOLDEN_STREAMING) != 0;
    o.loose_order = (options & GOLDEN_LOOSE) != 0;
    o.defer_blocks = (options & GOLDEN_DEFER) != 0;
    return o;
}
