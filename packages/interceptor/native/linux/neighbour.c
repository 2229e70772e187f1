/*
 * Room of service addresses: asks whether somebody on the link has an address already, and tells everybody that it is here now.
 * For IPv4 by ARP (RFC 5227: probes with an empty sender; then gratuitous ARP), for IPv6 the kernel asks by itself (DAD) and
 * unsolicited neighbour advertisements are sent here (RFC 4861, 7.2.6). It knows nothing of jobs and keeps nothing.
 *
 *   neighbour probe INTERFACE ADDRESS       exit 0: nobody has it; 1: somebody has, whose MAC address is printed; 2: it cannot be asked
 *   neighbour announce INTERFACE ADDRESS    exit 0: said three times
 */
#include "server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#define PROBES 3
#define PROBE_MS 300
#define ANNOUNCEMENTS 3
#define ANNOUNCE_MS 100

struct arp {
	uint16_t hardware, protocol;
	uint8_t hardware_length, protocol_length;
	uint16_t operation;
	uint8_t sender_mac[6], sender[4], target_mac[6], target[4];
} __attribute__((packed));

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 2;
}

static long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int open_arp(const char *interface, struct sockaddr_ll *link, uint8_t mac[6])
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ARP));
	if (fd < 0)
		return -1;
	struct ifreq request = { 0 };
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (ioctl(fd, SIOCGIFHWADDR, &request) != 0) {
		close(fd);
		return -1;
	}
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	*link = (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP),
				      .sll_ifindex = (int)if_nametoindex(interface), .sll_halen = 6 };
	memset(link->sll_addr, 0xff, 6);
	if (bind(fd, (struct sockaddr *)link, sizeof(*link)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int send_arp(int fd, const struct sockaddr_ll *link, const uint8_t mac[6], const uint8_t sender[4], const uint8_t target[4])
{
	struct arp packet = { htons(1), htons(ETH_P_IP), 6, 4, htons(1), { 0 }, { 0 }, { 0 }, { 0 } };
	memcpy(packet.sender_mac, mac, 6);
	memcpy(packet.sender, sender, 4);
	memcpy(packet.target, target, 4);
	return sendto(fd, &packet, sizeof(packet), 0, (const struct sockaddr *)link, sizeof(*link)) < 0 ? -1 : 0;
}

/* Somebody else speaks as that address: an answer, or a probe of its own at the same time. */
static int is_taken(const struct arp *packet, ssize_t length, const uint8_t mac[6], const uint8_t address[4])
{
	if (length < (ssize_t)sizeof(*packet) || memcmp(packet->sender_mac, mac, 6) == 0)
		return 0;
	if (memcmp(packet->sender, address, 4) == 0)
		return 1;
	static const uint8_t nobody[4];
	return packet->operation == htons(1) && memcmp(packet->sender, nobody, 4) == 0 && memcmp(packet->target, address, 4) == 0;
}

static int listen_for(int fd, long until, const uint8_t mac[6], const uint8_t address[4])
{
	for (long left = until - now_ms(); left > 0; left = until - now_ms()) {
		struct pollfd wait = { fd, POLLIN, 0 };
		if (poll(&wait, 1, (int)left) <= 0)
			continue;
		struct arp packet;
		ssize_t length = recv(fd, &packet, sizeof(packet), MSG_DONTWAIT);
		if (!is_taken(&packet, length, mac, address))
			continue;
		const uint8_t *m = packet.sender_mac;
		printf("%02x:%02x:%02x:%02x:%02x:%02x\n", m[0], m[1], m[2], m[3], m[4], m[5]);
		return 1;
	}
	return 0;
}

static int probe4(const char *interface, const uint8_t address[4])
{
	static const uint8_t nobody[4];
	struct sockaddr_ll link;
	uint8_t mac[6];
	int fd = open_arp(interface, &link, mac);
	if (fd < 0)
		return fail(interface);
	for (int i = 0; i < PROBES; i++) {
		if (send_arp(fd, &link, mac, nobody, address) != 0)
			return fail("the probe");
		if (listen_for(fd, now_ms() + PROBE_MS, mac, address))
			return 1;
	}
	return 0;
}

static void pause_between(void)
{
	struct timespec between = { 0, ANNOUNCE_MS * 1000000L };
	nanosleep(&between, NULL);
}

static int announce4(const char *interface, const uint8_t address[4])
{
	struct sockaddr_ll link;
	uint8_t mac[6];
	int fd = open_arp(interface, &link, mac);
	if (fd < 0)
		return fail(interface);
	for (int i = 0; i < ANNOUNCEMENTS; i++) {
		if (send_arp(fd, &link, mac, address, address) != 0)
			return fail("the announcement");
		pause_between();
	}
	return 0;
}

static int announce6(const char *interface, const struct in6_addr *address)
{
	struct sockaddr_ll link;
	struct {
		struct nd_neighbor_advert advert;
		uint8_t option[2], mac[6];
	} __attribute__((packed)) packet = { .option = { ND_OPT_TARGET_LINKADDR, 1 } };
	int arp = open_arp(interface, &link, packet.mac);
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	if (arp < 0 || fd < 0)
		return fail(interface);
	packet.advert.nd_na_type = ND_NEIGHBOR_ADVERT;
	packet.advert.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE;
	packet.advert.nd_na_target = *address;
	struct sockaddr_in6 all = { .sin6_family = AF_INET6, .sin6_scope_id = if_nametoindex(interface) };
	inet_pton(AF_INET6, "ff02::1", &all.sin6_addr);
	/* A router or host on the way would have lowered it: receivers take 255 only. */
	int hops = 255;
	setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
	for (int i = 0; i < ANNOUNCEMENTS; i++) {
		if (sendto(fd, &packet, sizeof(packet), 0, (struct sockaddr *)&all, sizeof(all)) < 0)
			return fail("the advertisement");
		pause_between();
	}
	return 0;
}

int neighbour_main(const char *verb, const char *interface, const char *text)
{
	uint8_t v4[4];
	struct in6_addr v6;
	int is_probe = strcmp(verb, "probe") == 0;
	if (inet_pton(AF_INET, text, v4) == 1)
		return is_probe ? probe4(interface, v4) : announce4(interface, v4);
	if (inet_pton(AF_INET6, text, &v6) == 1)
		return is_probe ? 0 : announce6(interface, &v6);
	fprintf(stderr, "%s is no address\n", text);
	return 2;
}
