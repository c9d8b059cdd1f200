/* stuck_file DIRECTORY: mounts there a file system of its own with one file, "stuck", that can be opened and never be
 * read: a read of it waits until this program ends. As a server of FUSE that hangs.
 *
 * Prints "ready PID". */
#include "workload.h"
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { REQUEST_BYTES = 1 << 17, ROOT_NODE = 1, FILE_NODE = 2, DIRECTORY_MODE = S_IFDIR | 0755, FILE_MODE = S_IFREG | 0444 };

static const uint64_t FILE_BYTES = 1u << 30;

static int fuse;

static void answer(uint64_t request, int error, const void *data, size_t length)
{
	char buffer[512];
	struct fuse_out_header header = {
		.len = (uint32_t)(sizeof header + (error ? 0 : length)), .error = -error, .unique = request,
	};

	memcpy(buffer, &header, sizeof header);
	if (!error && length)
		memcpy(buffer + sizeof header, data, length);
	if (write(fuse, buffer, header.len) < 0)
		errno = 0; /* The request was interrupted, or the mount is gone. */
}

static struct fuse_attr attributes(uint64_t node)
{
	struct fuse_attr attr = { .ino = node, .nlink = 1, .blksize = PAGE };

	attr.mode = node == ROOT_NODE ? DIRECTORY_MODE : FILE_MODE;
	attr.size = node == ROOT_NODE ? 0 : FILE_BYTES;
	return attr;
}

static void serve(const struct fuse_in_header *in, const void *data)
{
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = PAGE };
	struct fuse_attr_out attr = { .attr_valid = 60, .attr = attributes(in->nodeid) };
	struct fuse_entry_out entry = { .nodeid = FILE_NODE, .attr_valid = 60, .entry_valid = 60, .attr = attributes(FILE_NODE) };
	struct fuse_open_out open = { .fh = 0 };

	switch (in->opcode) {
	case FUSE_INIT:
		init.max_readahead = ((const struct fuse_init_in *)data)->max_readahead;
		init.flags = ((const struct fuse_init_in *)data)->flags & FUSE_ASYNC_READ;
		answer(in->unique, 0, &init, sizeof init);
		break;
	case FUSE_LOOKUP:
		answer(in->unique, strcmp(data, "stuck") == 0 ? 0 : ENOENT, &entry, sizeof entry);
		break;
	case FUSE_GETATTR:
		answer(in->unique, 0, &attr, sizeof attr);
		break;
	case FUSE_OPEN:
		answer(in->unique, 0, &open, sizeof open);
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		answer(in->unique, 0, NULL, 0);
		break;
	case FUSE_READ:
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break; /* Never answered: that is what it is for; the others take no answer. */
	default:
		answer(in->unique, ENOSYS, NULL, 0);
	}
}

static void *run(void *buffer)
{
	ssize_t length;

	while ((length = read(fuse, buffer, REQUEST_BYTES)) > 0 || errno == EINTR || errno == ENOENT) {
		if (length >= (ssize_t)sizeof(struct fuse_in_header))
			serve(buffer, (char *)buffer + sizeof(struct fuse_in_header));
		errno = 0;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	char options[128];
	pid_t self = getpid();
	pthread_t server;

	if (argc != 2)
		die(EXIT_USAGE, "usage: stuck_file DIRECTORY");
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0)
		die(EXIT_NOT_PERMITTED, "/dev/fuse");
	snprintf(options, sizeof options, "fd=%d,rootmode=%o,user_id=%d,group_id=%d", fuse, (unsigned)DIRECTORY_MODE,
		(int)getuid(), (int)getgid());
	if (mount("stuck_file", argv[1], "fuse", MS_NOSUID | MS_NODEV | MS_RDONLY, options))
		die(EXIT_NOT_PERMITTED, "mount of a FUSE file system");
	if (pthread_create(&server, NULL, run, map_pages(REQUEST_BYTES / PAGE)))
		die(EXIT_FAILURE, "pthread_create");
	announce("ready", &self, 1);
	wait_for_end_of_input();
	umount2(argv[1], MNT_DETACH);
	return 0;
}
