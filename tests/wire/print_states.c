/* SPDX-License-Identifier: MIT */
/* print_states.c: prints the engine's state table as Markdown, or checks that a file has it:
 *
 *     print_states > docs/wire-states.md
 *     print_states --check docs/wire-states.md */
#include "wire/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const opening =
    "# States of a connection\n"
    "\n"
    "Printed from the table in `src/wire/state.c` by `tests/wire/print_states.c`; a test checks\n"
    "that this page is current. What is not here is unexpected: it ends the connection with an\n"
    "error that names state and message.\n"
    "\n"
    "After Terminate (state TERMINATING) whatever the server still sends is thrown away unread.\n"
    "In HASHING nothing is taken from the server: what it sends waits. \"Handed out\": the\n"
    "message is returned by `ww_conn_next()`.\n"
    "\n";

/* What the table's actions do, for readers. */
static const struct deed {
    ww_status (*act)(ww_conn *c, ww_slice body);
    const char *text;
} deeds[] = {
    { ww__ssl_declined, "an error if TLS is required; else StartupMessage is sent in clear" },
    { ww__ssl_refused, "an error; the text that follows is not shown" },
    { ww__tls_ready, "ALPN is checked (direct TLS), StartupMessage is sent" },
    { ww__negotiate, "at most once; the version and options must have been asked for" },
    { ww__refused, "an error with the server's text and SQLSTATE" },
    { ww__auth_cleartext, "the password is sent, if that is allowed here" },
    { ww__auth_md5, "the hash is sent, if that is allowed" },
    { ww__auth_sasl, "a mechanism is chosen, SCRAM's first message is sent" },
    { ww__auth_oauth, "the token is sent, if that is allowed, over TLS only" },
    { ww__auth_oauth_refused, "the reason is kept for the error, and answered with one byte 01" },
    { ww__auth_sasl_continue, "the server's nonce, salt and iterations are checked" },
    { ww__auth_hashed, "SCRAM's proof is sent" },
    { ww__auth_sasl_final, "the server's signature is verified" },
    { ww__auth_unsupported, "an error: Kerberos, GSSAPI, SSPI ..." },
    { ww__auth_unproven, "an error: the server has not proven that it knows the password" },
    { ww__auth_ok, "an error if a method or channel binding is demanded that did not happen" },
    { ww__take_key, "kept for CancelRequest; at most once" },
    { ww__take_parameter, "server_version, in_hot_standby are kept; client_encoding is UTF8, "
                          "or what server_encoding is: SQL_ASCII" },
    { ww__take_row_description, "the count of columns is kept" },
    { ww__take_row, "must have as many columns as the RowDescription" },
    { ww__end_rows, "" },
    { ww__answer_copy_done, "our CopyDone is sent" },
};

static const char *deed_of(const ww__rule *rule)
{
    size_t i;
    if (rule->act == NULL)
        return "";
    for (i = 0; i < sizeof deeds / sizeof deeds[0]; i++)
        if (deeds[i].act == rule->act)
            return deeds[i].text;
    fprintf(stderr, "an action of the table has no words in print_states.c\n");
    exit(1);
}

static void print_state(FILE *out, ww_conn_state state)
{
    const char *name = ww_conn_state_name(state);
    unsigned i;
    for (i = 0; i < WW__INPUTS; i++) {
        const ww__rule *rule = ww__rule_of(state, (ww__input)i);
        if (rule == NULL)
            continue;
        fprintf(out, "| %s | %s | %s | %s | %s |\n", name, ww__input_name((ww__input)i),
                deed_of(rule), rule->hand_out ? "yes" : "", ww_conn_state_name(rule->next));
        name = "";
    }
}

static void print_messages(FILE *out)
{
    unsigned i;
    fprintf(out, "\n## Messages\n\n"
                 "Lengths of bodies in bytes. \"limit\": `max_copy_data` for CopyData,\n"
                 "`max_message` for the others, and for an ErrorResponse before the first\n"
                 "ReadyForQuery %u.\n\n"
                 "| message | type | at least | at most |\n|---|---|---|---|\n",
            WW_MAX_ERROR_MESSAGE - 4);
    for (i = 0; i < WW__MESSAGES; i++) {
        const ww__message *m = &ww__messages[i];
        fprintf(out, "| %s | %c | %u | ", m->name, m->type, (unsigned)m->min);
        if (m->max == WW__BY_LIMIT)
            fprintf(out, "limit |\n");
        else
            fprintf(out, "%u |\n", (unsigned)m->max);
    }
}

static void print_all(FILE *out)
{
    size_t i;
    fputs(opening, out);
    fputs("| state | input | what is done | handed out | next state |\n", out);
    fputs("|---|---|---|---|---|\n", out);
    for (i = 0; i < WW__STATES; i++)
        print_state(out, (ww_conn_state)i);
    print_messages(out);
}

static int check(const char *path)
{
    FILE *have = fopen(path, "rb"), *want = tmpfile();
    int a, b, line = 1;
    if (have == NULL || want == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return 1;
    }
    print_all(want);
    rewind(want);
    do {
        a = getc(have);
        b = getc(want);
        line += a == '\n' && b == '\n';
    } while (a == b && a != EOF);
    fclose(have);
    fclose(want);
    if (a != b)
        fprintf(stderr, "%s:%d: not what the table says; print it anew\n", path, line);
    return a == b ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--check") == 0)
        return check(argv[2]);
    print_all(stdout);
    return 0;
}
