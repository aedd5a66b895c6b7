// statistics.h: what repeated measurements say.
#ifndef PARPIX_STATISTICS_H
#define PARPIX_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

// The median, and the interval that holds the true one with 95 % probability, whatever the
// distribution is (order statistics: Hoefler, Belli 2015, rule 5; Le Boudec 2011, appendix A).
// Below six samples there is no such interval: low and high are the extremes, and sure is false.
typedef struct statistic {
    double median, low, high, least;
    bool sure;
} statistic;

// Sorts the samples; n is at least 1.
statistic statistic_of(double *samples, size_t n);

#endif
