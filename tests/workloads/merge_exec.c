/* merge_exec COMMAND...: runs a program with merging enabled for all its memory; exec keeps the setting. */
#include "workload.h"

#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#endif

int main(int argc, char **argv)
{
	if (argc < 2)
		die(EXIT_USAGE, "usage: merge_exec COMMAND [ARGUMENT...]");
	if (prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0))
		die(EXIT_NOT_PERMITTED, "prctl(PR_SET_MEMORY_MERGE)");
	execvp(argv[1], argv + 1);
	die(EXIT_FAILURE, "%s", argv[1]);
}
