#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

// In the order in which they are put back: pages_to_scan cannot be written while the advisor is on, and ksmd starts last.
static const char *const names[] = {
    "pages_to_scan", "sleep_millisecs", "merge_across_nodes", "use_zero_pages", "smart_scan", "max_page_sharing",
    "stable_node_chains_prune_millisecs", "advisor_max_cpu", "advisor_min_pages_to_scan", "advisor_max_pages_to_scan",
    "advisor_target_scan_time", "advisor_mode", "../transparent_hugepage/enabled", "../transparent_hugepage/defrag",
    "../transparent_hugepage/use_zero_page", "../transparent_hugepage/khugepaged/max_ptes_none",
    "../transparent_hugepage/khugepaged/max_ptes_shared", "../transparent_hugepage/khugepaged/max_ptes_swap",
    "../transparent_hugepage/khugepaged/pages_to_scan", "../transparent_hugepage/khugepaged/scan_sleep_millisecs", "run",
};

// Huge pages where they are advised, made by faults and by nothing else: khugepaged, which would make them of single pages,
// is left hardly any and sleeps. It wakes when the last of these is written, before there is anything to see.
static const char *const huge_pages[][2] = {
    {"../transparent_hugepage/defrag", "madvise"},
    {"../transparent_hugepage/use_zero_page", "1"},
    {"../transparent_hugepage/khugepaged/max_ptes_none", "0"},
    {"../transparent_hugepage/khugepaged/max_ptes_shared", "0"},
    {"../transparent_hugepage/khugepaged/max_ptes_swap", "0"},
    {"../transparent_hugepage/khugepaged/pages_to_scan", "1"},
    {"../transparent_hugepage/khugepaged/scan_sleep_millisecs", "4294967295"},
};

enum { KNOBS = sizeof names / sizeof names[0], VALUE_SIZE = 64 };

static char saved[KNOBS][VALUE_SIZE];

static bool read_knob(const char *name, char *value) {
    char path[160];
    (void)snprintf(path, sizeof path, "/sys/kernel/mm/ksm/%s", name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return false; // This kernel does not have it.
    }

    long length = read(file, value, VALUE_SIZE - 1);
    close(file);
    value[length > 0 ? length : 0] = '\0';
    value[strcspn(value, "\n")] = '\0';

    // Some show all their words, the active one in brackets.
    char *word = strchr(value, '[');
    if (word != NULL) {
        word[strcspn(word, "]")] = '\0';
        memmove(value, word + 1, strlen(word));
    }

    return true;
}

static bool write_knob(const char *name, const char *value) {
    char path[160];
    (void)snprintf(path, sizeof path, "/sys/kernel/mm/ksm/%s", name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    bool done = file >= 0 && write(file, value, strlen(value)) == (long)strlen(value);
    if (!done) {
        (void)fprintf(stderr, "kernel-agent: cannot set %s to %s: %s\n", path, value, strerror(errno));
    }

    if (file >= 0) {
        close(file);
    }

    return done;
}

void knobs_save(void) {
    for (int i = 0; i < KNOBS; i++) {
        (void)read_knob(names[i], saved[i]);
    }
}

bool knobs_begin_huge_pages(void) {
    char now[VALUE_SIZE];
    if (!read_knob("../transparent_hugepage/enabled", now)) {
        return false;
    }

    bool done = strcmp(now, "never") != 0 || write_knob("../transparent_hugepage/enabled", "madvise");
    for (size_t i = 0; i < sizeof huge_pages / sizeof huge_pages[0]; i++) {
        if (read_knob(huge_pages[i][0], now) && strcmp(now, huge_pages[i][1]) != 0) {
            done = write_knob(huge_pages[i][0], huge_pages[i][1]) && done;
        }
    }

    return done;
}

bool knobs_restore(void) {
    // A write of the value that is already set does nothing, hence the 0 before the 2.
    bool done = write_knob("run", "0") && write_knob("run", "2") && write_knob("run", "0");
    char now[VALUE_SIZE];
    if (read_knob("advisor_mode", now)) {
        done = write_knob("advisor_mode", "none") && done;
    }

    for (int i = 0; i < KNOBS; i++) {
        if (saved[i][0] != '\0' && read_knob(names[i], now) && strcmp(now, saved[i]) != 0) {
            done = write_knob(names[i], saved[i]) && done;
        }
    }

    return done;
}
