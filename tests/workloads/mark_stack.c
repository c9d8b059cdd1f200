/* Under prctl(PR_SET_MEMORY_MERGE) inherited over exec, every mapping becomes mergeable but one: the initial stack is
 * mapped before the new program's memory has the setting (Linux 6.18). Switching it off and on again in the program
 * itself marks the stack too. Linked into the C workloads, preloaded into the others, it makes "all eligible memory is
 * mergeable" literally true; without merging enabled it does nothing. */
#include <sys/prctl.h>

#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68
#endif

__attribute__((constructor))
static void mark_stack(void)
{
	if (prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0) != 1)
		return;
	prctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0);
	prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0);
}
