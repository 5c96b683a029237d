/* SPDX-License-Identifier: MIT */
/* workers_parts.h: what workers.c is made of: lists of jobs that pass between threads, and rows as
 * text. */
#ifndef EXAMPLES_WORKERS_PARTS_H
#define EXAMPLES_WORKERS_PARTS_H

#include <walwire/decode.h>

#include <pthread.h>
#include <stdio.h>

typedef struct unit { /* a transaction */
    ww_lsn end_lsn;   /* 0: still open */
    size_t rows;      /* out */
} unit;

typedef struct job job;
struct job { /* a row on its way to a worker and back */
    job *next;
    unit *unit;
    char *line;
};

typedef struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    job *first, **end;
    bool closed;
} queue;

static inline void queue_init(queue *q)
{
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->filled, NULL);
    q->end = &q->first;
}

/* Adds a list; closes the queue with NULL. */
static inline void put(queue *q, job *list)
{
    pthread_mutex_lock(&q->lock);
    *q->end = list;
    while (*q->end != NULL)
        q->end = &(*q->end)->next;
    q->closed |= list == NULL;
    pthread_cond_signal(&q->filled);
    pthread_mutex_unlock(&q->lock);
}

/* All that is in it; NULL: nothing is, or, having waited, nothing will be. */
static inline job *take(queue *q, bool may_wait)
{
    job *list;
    pthread_mutex_lock(&q->lock);
    while (may_wait && q->first == NULL && !q->closed)
        pthread_cond_wait(&q->filled, &q->lock);
    list = q->first;
    q->first = NULL;
    q->end = &q->first;
    pthread_mutex_unlock(&q->lock);
    return list;
}

static inline void put_escaped(FILE *out, ww_slice s)
{
    size_t i;
    for (i = 0; i < s.len; i++)
        if (s.ptr[i] < ' ' || s.ptr[i] == '\\')
            fprintf(out, "\\x%02x", s.ptr[i]);
        else
            putc(s.ptr[i], out);
}

/* Tells columns apart by tabs; \N: null, \U: not changed and not sent. */
static inline void put_columns(FILE *out, const ww_relation *rel, ww_tuple tuple, bool key)
{
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_column col;
    size_t i;
    for (i = 0; ww_tuple_next(&it, &col); i++) {
        if (key && (rel->columns[i].flags & WW_COLUMN_KEY) == 0)
            continue;
        fputs(col.kind == WW_COLUMN_NULL        ? "\t\\N"
              : col.kind == WW_COLUMN_UNCHANGED ? "\t\\U"
                                                : "\t",
              out);
        put_escaped(out, col.value);
    }
}

#endif
