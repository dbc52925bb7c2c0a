/* What the measuring programs share: giving up with what went wrong, clocks, medians. */
#ifndef BENCH_PARTS_H
#define BENCH_PARTS_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <watchword.h>

#define BENCH_PART __attribute__((unused)) static

static const char password[] = "correct horse battery staple";

BENCH_PART void must(enum ww_err err, struct ww_op *op, const char *what)
{
    if (err) {
        fprintf(stderr, "%s: %s %s\n", what, ww_err_name(err), op ? ww_op_problem(op)->text : "");
        exit(1);
    }
}

BENCH_PART double clock_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

BENCH_PART double now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

/* Of this thread: waiting for a disk is another's figure. */
BENCH_PART double cpu_us(void)
{
    return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts them: others use the machine as well, so what lies in the middle counts. */
BENCH_PART double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return values[n / 2];
}

BENCH_PART struct ww_op *begin(struct ww *ww)
{
    struct ww_op *op;
    must(ww_op_begin(ww, NULL, &op), NULL, "op");
    return op;
}

#endif
