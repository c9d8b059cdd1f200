/* node_pages NODES PAIRED UNIQUE: on each of the memory nodes 0 to NODES - 1, PAIRED pages of which two at a time are
 * alike, the same ones on every node, and UNIQUE pages that occur once. All are marked mergeable.
 *
 * Prints "ready PID". Exit code 3: the host lacks one of the nodes. */
#include "workload.h"
#include <sys/syscall.h>

enum { BIND = 2, MOST_NODES = 32 };

static const uint64_t FIRST_PAIR = 77, FIRST_UNIQUE = 1u << 20;

/* New pages of this thread come from this node alone. */
static void allocate_on(unsigned long node)
{
	unsigned long mask = 1ul << node;

	if (syscall(SYS_set_mempolicy, BIND, &mask, sizeof mask * 8))
		die(EXIT_NOT_PERMITTED, "set_mempolicy to node %lu", node);
}

int main(int argc, char **argv)
{
	unsigned long nodes, paired, unique, each;
	pid_t self = getpid();
	char *pages;

	if (argc != 4)
		die(EXIT_USAGE, "usage: node_pages NODES PAIRED UNIQUE");
	nodes = parse_number(argv[1], MOST_NODES);
	paired = parse_number(argv[2], 1u << 20);
	unique = parse_number(argv[3], 1u << 20);
	each = paired + unique;
	if (nodes == 0 || each == 0)
		die(EXIT_USAGE, "node_pages needs a node and a page");
	pages = map_pages(nodes * each);
	for (unsigned long node = 0; node < nodes; node++) {
		allocate_on(node);
		for (unsigned long i = 0; i < each; i++)
			fill_page(pages + (node * each + i) * PAGE,
				i < paired ? FIRST_PAIR + i / 2 : FIRST_UNIQUE + node * each + i);
	}
	if (madvise(pages, nodes * each * PAGE, MADV_MERGEABLE))
		die(EXIT_NOT_PERMITTED, "madvise(MADV_MERGEABLE)");
	announce("ready", &self, 1);
	wait_for_end_of_input();
	return 0;
}
