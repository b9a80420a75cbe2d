// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/worker_channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

union control {
	struct cmsghdr head; /* for its alignment */
	char room[CMSG_SPACE(sizeof(int))];
};

int worker_channel_send(int channel, const struct worker_message *message, int flags)
{
	uint32_t kind = message->kind;
	struct iovec parts[] = {
		{.iov_base = &kind, .iov_len = sizeof(kind)},
		{.iov_base = (void *)(uintptr_t)message->bytes, .iov_len = message->len},
	};
	struct msghdr head = {.msg_iov = parts, .msg_iovlen = ARRAY_SIZE(parts)};
	union control control = {0};

	if (message->fd >= 0) {
		head.msg_control = &control;
		head.msg_controllen = sizeof(control.room);
		control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
						.cmsg_level = SOL_SOCKET,
						.cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.head), &message->fd, sizeof(int));
	}
	while (sendmsg(channel, &head, flags | MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* At most one descriptor has room; more of them the kernel closes. */
static int received_fd(struct msghdr *head)
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(head);
	int fd;

	if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS ||
	    control->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	return fd;
}

int worker_channel_receive(int channel, struct worker_packet *ret_packet)
{
	union control control;
	struct iovec parts[] = {
		{.iov_base = &ret_packet->kind, .iov_len = sizeof(ret_packet->kind)},
		{.iov_base = ret_packet->bytes, .iov_len = sizeof(ret_packet->bytes)},
	};
	struct msghdr head = {
		.msg_iov = parts,
		.msg_iovlen = ARRAY_SIZE(parts),
		.msg_control = &control,
		.msg_controllen = sizeof(control.room),
	};
	ssize_t len;

	do
		len = recvmsg(channel, &head, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (len == 0)
		return -EPIPE;
	ret_packet->fd = received_fd(&head);
	if ((size_t)len < sizeof(ret_packet->kind) || head.msg_flags & MSG_TRUNC ||
	    ret_packet->kind >= WORKER_KIND_CNT) {
		cleanup_close_(&ret_packet->fd);
		return -EBADMSG;
	}
	ret_packet->len = (size_t)len - sizeof(ret_packet->kind);
	return 0;
}
