/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * fuzz_replay TARGET FOLDER [CHANGES]: each file of a corpus as it is, and then with so many seeded changes: bytes
 * flipped, cut, doubled, pieces of another file put in. Any compiler, so what clang's fuzzer once found stays found
 * under gcc's sanitizers.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

#define FILES_MAX 4096

struct input {
	size_t len;
	uint8_t *bytes;
};

static struct input inputs[FILES_MAX];
static size_t n_inputs;
static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

/* xorshift64*: the same changes on every machine */
static uint32_t draw(uint32_t below)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % below;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int load(const char *folder)
{
	struct dirent **names;
	int n = scandir(folder, &names, NULL, by_name);
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < n; i++) {
		int fd = names[i]->d_name[0] == '.' || n_inputs == FILES_MAX
				 ? -1
				 : openat(dir, names[i]->d_name, O_RDONLY | O_CLOEXEC);
		free(names[i]);
		if (fd < 0)
			continue;
		struct input *in = &inputs[n_inputs++];
		in->bytes = malloc(FUZZ_INPUT_MAX);
		fuzz_promise(in->bytes);
		ssize_t len = read(fd, in->bytes, FUZZ_INPUT_MAX);
		in->len = len > 0 ? (size_t)len : 0;
		close(fd);
	}
	if (n >= 0)
		free(names);
	if (dir >= 0)
		close(dir);
	return n;
}

/* Bytes in a block of their own length, so that a read past the end is seen. */
static void run(const struct fuzz_target *target, const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);

	fuzz_promise(exact);
	memcpy(exact, bytes, len);
	target->run(exact, len);
	free(exact);
}

static size_t change(uint8_t *bytes, size_t len)
{
	for (uint32_t n = 1 + draw(4); n > 0; n--) {
		const struct input *other = &inputs[draw((uint32_t)n_inputs)];
		size_t at = len ? draw((uint32_t)len) : 0;
		size_t piece = other->len ? 1 + draw((uint32_t)other->len) : 0;

		switch (draw(5)) {
		case 0: /* a bit */
			if (len)
				bytes[at] ^= (uint8_t)(1u << draw(8));
			break;
		case 1: /* a byte */
			if (len)
				bytes[at] = (uint8_t)draw(256);
			break;
		case 2: /* cut off */
			len = at;
			break;
		case 3: /* a piece left out */
			if (piece > len - at)
				piece = len - at;
			memmove(bytes + at, bytes + at + piece, len - at - piece);
			len -= piece;
			break;
		default: /* a piece of another one put in */
			if (len + piece > FUZZ_INPUT_MAX)
				break;
			memmove(bytes + at + piece, bytes + at, len - at);
			memcpy(bytes + at, other->bytes + (other->len - piece), piece);
			len += piece;
		}
	}
	return len;
}

int main(int argc, char **argv)
{
	const struct fuzz_target *target = argc > 2 ? fuzz_find(argv[1]) : NULL;
	long changes = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
	static uint8_t bytes[FUZZ_INPUT_MAX];

	if (!target || load(argv[2]) < 0 || n_inputs == 0) {
		fprintf(stderr,
			"usage: fuzz_replay TARGET FOLDER [CHANGES], with files in FOLDER\n");
		return 2;
	}
	for (size_t i = 0; i < n_inputs; i++)
		run(target, inputs[i].bytes, inputs[i].len);
	for (long i = 0; i < changes; i++) {
		const struct input *in = &inputs[(size_t)i % n_inputs];
		memcpy(bytes, in->bytes, in->len);
		run(target, bytes, change(bytes, in->len));
	}
	printf("%s: %zu inputs, %ld changed ones\n", target->name, n_inputs, changes);
	for (size_t i = 0; i < n_inputs; i++)
		free(inputs[i].bytes);
	return 0;
}
