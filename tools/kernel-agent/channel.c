#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent.h"

bool channel_send(int socket, const void *head, size_t head_size, const void *tail, size_t tail_size, int file) {
    struct iovec parts[2] = {{(void *)head, head_size}, {(void *)tail, tail_size}};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = tail_size != 0 ? 2 : 1};
    if (file >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof file);
        memcpy(CMSG_DATA(&control.header), &file, sizeof file);
    }

    long sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (long)(head_size + tail_size);
}

long channel_receive(int socket, void *head, size_t head_size, void *tail, size_t tail_size, int *file) {
    struct iovec parts[2] = {{head, head_size}, {tail, tail_size}};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = parts,
        .msg_iovlen = tail_size != 0 ? 2 : 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    long received;
    do {
        received = recvmsg(socket, &message, 0);
    } while (received < 0 && errno == EINTR);

    *file = -1;
    struct cmsghdr *first = received > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (first != NULL && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS) {
        memcpy(file, CMSG_DATA(first), sizeof *file);
    }

    return received;
}

bool channel_wait(int wanted, int other) {
    // Nobody waits for an answer any more when the tool has gone.
    struct pollfd events[3] = {
        {.fd = wanted, .events = POLLIN}, {.fd = other, .events = POLLIN}, {.fd = STDIN_FILENO, .events = 0}};
    while (poll(events, 3, -1) < 0 && errno == EINTR) {
    }

    return (events[0].revents & POLLIN) != 0;
}

bool channel_look(int socket) {
    char byte;
    return recv(socket, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR);
}
