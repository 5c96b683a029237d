/* SPDX-License-Identifier: MIT */
/* suggest.c: the commands that a hint suggests, for the database at hand, so that they can be
 * pasted into a shell. Never with a secret; where the server is only if that is short, since a hint
 * that is cut helps nobody. */
#include "slot.h"

#include "session.h"

#include <stdio.h>
#include <string.h>

#define CONNECTION_MAX 60u

static bool is_plain(const char *text)
{
    return text[strspn(text,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,/-")] ==
           '\0';
}

/* One argument for a shell. A quote inside is more than a hint has to carry. */
static void add_argument(ww_text *t, const char *option, const char *value)
{
    bool plain = is_plain(value) && value[0] != '\0';
    ww_text_add(t, option);
    if (strchr(value, '\'') != NULL) {
        ww_text_add(t, "...");
        return;
    }
    ww_text_add(t, plain ? "" : "'");
    ww_text_add(t, value);
    ww_text_add(t, plain ? "" : "'");
}

static void add_connection(ww_text *t, const ww_conninfo *info)
{
    char text[CONNECTION_MAX];
    ww_text part = {text, sizeof text, 0};
    text[0] = '\0';
    if (info->hostaddr != NULL)
        return;
    if (info->host != NULL)
        add_argument(&part, " -h ", info->host);
    if (info->port != NULL)
        add_argument(&part, " -p ", info->port);
    if (info->user != NULL)
        add_argument(&part, " -U ", info->user);
    if (ww_text_fits(&part))
        ww_text_add(t, text);
}

void ww__suggest(ww_text *t, const ww_session *s, const char *command, const char *slot)
{
    const ww_conninfo *info = s->config.conninfo;
    ww_text_add(t, "walwire slot ");
    ww_text_add(t, command);
    ww_text_add(t, " -S ");
    ww_text_add(t, slot);
    if (info->dbname != NULL && strpbrk(info->dbname, "=:") == NULL)
        add_argument(t, " -d ", info->dbname);
    else if (info->dbname != NULL)
        ww_text_add(t, " -d ...");
    add_connection(t, info);
}
