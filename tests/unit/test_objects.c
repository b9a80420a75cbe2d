// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/jit_files.h"
#include "profiler/process/object_build_id.h"
#include "profiler/process/objects.h"

#include "base/fs.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#define NOTE_AT 0x100u

/* A file with an ELF header, one PT_NOTE, and what the mapping of it would show. */
struct sample_file {
	char path[64];
	unsigned char build_id[OBJECT_BUILD_ID_MAX];
	struct object_sighting sighting;
	uint32_t tgid;
};

struct fixture {
	char directory[32];
	struct objects *objects;
	struct sample_file file;
};

struct elf_image {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	unsigned char gap[NOTE_AT - sizeof(Elf64_Ehdr) - sizeof(Elf64_Phdr)];
	Elf64_Nhdr note;
	char name[4];
	unsigned char build_id[OBJECT_BUILD_ID_MAX];
};

static void make_elf(struct elf_image *image, unsigned char fill)
{
	*image = (struct elf_image){
		.header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB},
			   .e_phoff = sizeof(Elf64_Ehdr),
			   .e_phnum = 1,
			   .e_phentsize = sizeof(Elf64_Phdr)},
		.segment = {.p_type = PT_NOTE, .p_offset = NOTE_AT, .p_filesz = 36, .p_align = 4},
		.note = {4, OBJECT_BUILD_ID_MAX, NT_GNU_BUILD_ID},
		.name = "GNU"};
	memset(image->build_id, fill, sizeof(image->build_id));
}

static void write_file(const char *path, const void *data, size_t len)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, data, len), 0);
}

static void look_at(struct sample_file *file)
{
	struct stat st;

	assert_int_equal(stat(file->path, &st), 0);
	file->tgid = (uint32_t)getpid();
	file->sighting = (struct object_sighting){.path = file->path,
						  .major = major(st.st_dev),
						  .minor = minor(st.st_dev),
						  .inode = st.st_ino,
						  .start = 0x1000,
						  .limit = 0x2000,
						  .tgids = &file->tgid,
						  .tgids_len = 1};
}

static void write_elf(struct sample_file *file, unsigned char fill)
{
	struct elf_image image;

	make_elf(&image, fill);
	memcpy(file->build_id, image.build_id, sizeof(file->build_id));
	write_file(file->path, &image, sizeof(image));
	look_at(file);
}

/* The same file as a side-band record shows it. */
static struct object_sighting by_build_id(const struct sample_file *file)
{
	struct object_sighting sighting = file->sighting;

	sighting.major = sighting.minor = 0;
	sighting.inode = 0;
	sighting.build_id = file->build_id;
	sighting.build_id_len = sizeof(file->build_id);
	return sighting;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	strcpy(fixture->directory, "/tmp/objects-XXXXXX");
	if (!mkdtemp(fixture->directory) ||
	    objects_new(&(struct objects_options){0}, &fixture->objects) < 0)
		return -1;
	snprintf(fixture->file.path, sizeof(fixture->file.path), "%s/file", fixture->directory);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	objects_free(fixture->objects);
	unlink(fixture->file.path);
	rmdir(fixture->directory);
	free(fixture);
	return 0;
}

static const struct object *get(struct fixture *fixture, uint32_t id)
{
	assert_true(id < objects_count(fixture->objects));
	return objects_get(fixture->objects, id);
}

static void pins_once(void **state)
{
	struct fixture *fixture = *state;
	struct object_sighting record;
	uint32_t id;

	write_elf(&fixture->file, 0xab);
	id = objects_see(fixture->objects, &fixture->file.sighting);
	assert_int_equal(id, OBJECT_FIRST_FILE);
	assert_int_equal(get(fixture, id)->kind, OBJECT_FILE);
	assert_int_equal(get(fixture, id)->unpinned, OBJECT_PINNED);
	assert_string_equal(get(fixture, id)->path, fixture->file.path);
	assert_string_equal(object_basename(get(fixture, id)), "file");
	assert_int_equal(get(fixture, id)->build_id_len, 20);
	assert_memory_equal(get(fixture, id)->build_id, fixture->file.build_id, 20);
	assert_true(get(fixture, id)->fd >= 0);
	assert_int_equal(fcntl(get(fixture, id)->fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(objects_see(fixture->objects, &fixture->file.sighting), id);
	record = by_build_id(&fixture->file);
	assert_int_equal(objects_see(fixture->objects, &record), id);
	assert_int_equal(objects_count(fixture->objects), id + 1);
	assert_int_equal(objects_fds(fixture->objects), 1);
	assert_int_equal(objects_counters(fixture->objects)->by_root, 1);
}

static void knows_inode_from_build_id(void **state)
{
	struct fixture *fixture = *state;
	struct object_sighting record;
	uint32_t id;

	write_elf(&fixture->file, 0xab);
	record = by_build_id(&fixture->file);
	id = objects_see(fixture->objects, &record);
	assert_int_equal(get(fixture, id)->unpinned, OBJECT_PINNED);
	assert_int_equal(objects_see(fixture->objects, &fixture->file.sighting), id);
	assert_int_equal(objects_fds(fixture->objects), 1);
}

static void never_takes_another_file(void **state)
{
	struct fixture *fixture = *state;
	struct object_sighting record;
	uint32_t id;

	write_elf(&fixture->file, 0xab);
	record = by_build_id(&fixture->file);
	fixture->file.build_id[3] ^= 1;
	id = objects_see(fixture->objects, &record);
	assert_int_equal(get(fixture, id)->unpinned, OBJECT_CHANGED);
	assert_int_equal(get(fixture, id)->fd, -1);
	record = fixture->file.sighting;
	record.inode++;
	id = objects_see(fixture->objects, &record);
	assert_int_equal(get(fixture, id)->unpinned, OBJECT_CHANGED);
	record = fixture->file.sighting;
	record.major++;
	id = objects_see(fixture->objects, &record);
	assert_int_equal(get(fixture, id)->unpinned, OBJECT_CHANGED);
	record = fixture->file.sighting;
	record.inode = 0;
	id = objects_see(fixture->objects, &record);
	assert_int_equal(get(fixture, id)->fd, -1);
	assert_int_equal(objects_fds(fixture->objects), 0);
}

/* A program rebuilt in place: same path, same inode, other code. */
static void tells_rewritten_files_apart(void **state)
{
	struct fixture *fixture = *state;
	struct elf_image image;
	uint32_t before, after;

	write_elf(&fixture->file, 0xab);
	before = objects_see(fixture->objects, &fixture->file.sighting);
	usleep(20000); /* file times are as coarse as a tick */
	make_elf(&image, 0xcd);
	write_file(fixture->file.path, &image, sizeof(image));
	after = objects_see(fixture->objects, &fixture->file.sighting);
	assert_int_not_equal(after, before);
	assert_int_equal(get(fixture, before)->build_id[0], 0xab);
	assert_int_equal(get(fixture, after)->build_id[0], 0xcd);
	assert_int_equal(objects_see(fixture->objects, &fixture->file.sighting), after);
	assert_int_equal(objects_count(fixture->objects), after + 1);
}

static void finds_files_later(void **state)
{
	struct fixture *fixture = *state;
	struct object_sighting record;
	uint32_t id;

	write_elf(&fixture->file, 0xab);
	record = by_build_id(&fixture->file);
	unlink(fixture->file.path);
	id = objects_see(fixture->objects, &record);
	assert_int_equal(get(fixture, id)->unpinned, OBJECT_GONE);
	assert_int_equal(objects_counters(fixture->objects)->unpinned[OBJECT_GONE], 1);
	write_elf(&fixture->file, 0xab);
	assert_int_equal(objects_see(fixture->objects, &record), id);
	assert_int_equal(get(fixture, id)->unpinned, OBJECT_PINNED);
	assert_int_equal(objects_counters(fixture->objects)->repinned, 1);
	assert_int_equal(objects_counters(fixture->objects)->unpinned[OBJECT_GONE], 0);
}

/* One whose inode is all that is known is a new thing when found later, and no heap of them before. */
static void does_not_pile_up_the_missing(void **state)
{
	struct fixture *fixture = *state;
	struct object_sighting sighting;
	uint32_t id;

	write_elf(&fixture->file, 0xab);
	sighting = fixture->file.sighting;
	unlink(fixture->file.path);
	id = objects_see(fixture->objects, &sighting);
	for (int i = 0; i < 100; i++)
		assert_int_equal(objects_see(fixture->objects, &sighting), id);
	assert_int_equal(objects_count(fixture->objects), id + 1);
}

static void refuses_what_is_no_elf_file(void **state)
{
	struct fixture *fixture = *state;
	struct object_sighting device = {.path = "/dev/null",
					 .major = 0,
					 .minor = 6,
					 .inode = 4,
					 .tgids = &fixture->file.tgid,
					 .tgids_len = 1};
	uint32_t id;

	write_file(fixture->file.path, "#!/bin/sh\n", 10);
	look_at(&fixture->file);
	id = objects_see(fixture->objects, &fixture->file.sighting);
	assert_int_equal(get(fixture, id)->unpinned, OBJECT_NOT_ELF);
	assert_int_equal(unlink(fixture->file.path), 0);
	/* Opening a FIFO would wait for a writer. */
	assert_int_equal(mkfifo(fixture->file.path, 0600), 0);
	look_at(&fixture->file);
	id = objects_see(fixture->objects, &fixture->file.sighting);
	assert_int_equal(get(fixture, id)->unpinned, OBJECT_NOT_REGULAR);
	id = objects_see(fixture->objects, &device);
	assert_int_equal(get(fixture, id)->unpinned, OBJECT_NOT_REGULAR);
	assert_int_equal(objects_fds(fixture->objects), 0);
}

static void keeps_to_its_budget(void **state)
{
	struct fixture *fixture = *state;
	struct objects_options options = {.fds_max = 1, .objects_max = OBJECT_FIRST_FILE + 2};
	struct object_sighting other;
	uint32_t first, second;

	objects_free(fixture->objects);
	assert_int_equal(objects_new(&options, &fixture->objects), 0);
	write_elf(&fixture->file, 0xab);
	first = objects_see(fixture->objects, &fixture->file.sighting);
	other = fixture->file.sighting;
	other.path = "/proc/self/exe";
	second = objects_see(fixture->objects, &other);
	assert_int_equal(get(fixture, first)->unpinned, OBJECT_PINNED);
	assert_int_equal(get(fixture, second)->unpinned, OBJECT_OVER_BUDGET);
	other.path = "/third";
	assert_int_equal(objects_see(fixture->objects, &other), OBJECT_NONE);
	assert_int_equal(objects_counters(fixture->objects)->over_cap, 1);
	assert_int_equal(objects_fds(fixture->objects), 1);
}

/* The path is gone, the mapping is not. */
static void pins_deleted_files(void **state)
{
	struct fixture *fixture = *state;
	char name[80];
	void *map;
	int fd;
	uint32_t id;

	if (access("/proc/self/map_files", X_OK) < 0 || geteuid() != 0)
		skip();
	write_elf(&fixture->file, 0xab);
	fd = open(fixture->file.path, O_RDONLY | O_CLOEXEC);
	map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(map != MAP_FAILED);
	close(fd);
	unlink(fixture->file.path);
	snprintf(name, sizeof(name), "%s (deleted)", fixture->file.path);
	fixture->file.sighting.path = name;
	fixture->file.sighting.start = (uint64_t)(uintptr_t)map;
	fixture->file.sighting.limit = fixture->file.sighting.start + 4096;
	id = objects_see(fixture->objects, &fixture->file.sighting);
	munmap(map, 4096);
	assert_int_equal(get(fixture, id)->unpinned, OBJECT_PINNED);
	assert_true(get(fixture, id)->deleted);
	assert_string_equal(get(fixture, id)->path, fixture->file.path);
	assert_int_equal(objects_counters(fixture->objects)->by_map_files, 1);
}

static uint32_t see_name(struct fixture *fixture, const char *name, uint64_t limit)
{
	struct object_sighting sighting = {
		.path = name, .limit = limit, .tgids = &fixture->file.tgid, .tgids_len = 1};

	return objects_see(fixture->objects, &sighting);
}

static void knows_special_names(void **state)
{
	static const char *const anonymous[] = {"",
						"//anon",
						"[anon:v8]",
						"[anon_shmem:jit]",
						"/SYSV00000000 (deleted)",
						"/dev/zero (deleted)",
						"anon_inode:[x]",
						"/anon_hugepage (deleted)"};
	struct fixture *fixture = *state;
	uint32_t id;

	for (size_t i = 0; i < ARRAY_SIZE(anonymous); i++)
		assert_int_equal(see_name(fixture, anonymous[i], 1), OBJECT_ID_ANON);
	assert_int_equal(see_name(fixture, "[heap]", 1), OBJECT_ID_HEAP);
	assert_int_equal(see_name(fixture, "[stack]", 1), OBJECT_ID_STACK);
	assert_int_equal(see_name(fixture, "[stack:12]", 1), OBJECT_ID_STACK);
	assert_int_equal(see_name(fixture, "[vdso]", 0x7fff00001000), OBJECT_ID_VDSO);
	assert_int_equal(see_name(fixture, "[vsyscall]", UINT64_MAX), OBJECT_ID_VSYSCALL);
	id = see_name(fixture, "[vdso]", 0xf7f01000);
	assert_int_not_equal(id, OBJECT_ID_VDSO);
	assert_int_equal(get(fixture, id)->kind, OBJECT_SPECIAL);
	assert_string_equal(object_basename(get(fixture, id)), "[vdso32]");
	id = see_name(fixture, "[uprobes]", 0x7fff00001000);
	assert_int_equal(get(fixture, id)->kind, OBJECT_SPECIAL);
	assert_int_equal(see_name(fixture, "[uprobes]", 0x7fff00003000), id);
}

static uint32_t private_of(const struct fixture *fixture, uint32_t id, uint32_t tgid,
			   uint64_t start_ns)
{
	return objects_private(fixture->objects, id,
			       &(struct object_owner){.tgid = tgid, .start_ns = start_ns});
}

static void gives_each_process_its_own_memory(void **state)
{
	struct fixture *fixture = *state;
	uint32_t a = private_of(fixture, OBJECT_ID_ANON, 10, 1000);
	uint32_t b = private_of(fixture, OBJECT_ID_ANON, 11, 1000);
	uint32_t c = private_of(fixture, OBJECT_ID_ANON, 10, 2000);
	uint32_t d = private_of(fixture, OBJECT_ID_HEAP, 10, 1000);

	assert_true(a != b && a != c && b != c && a != d);
	assert_int_equal(private_of(fixture, OBJECT_ID_ANON, 10, 1000), a);
	assert_int_equal(get(fixture, a)->kind, OBJECT_ANONYMOUS);
	assert_int_equal(get(fixture, a)->owner.tgid, 10);
	assert_string_equal(get(fixture, a)->path, "[anon]");
	assert_string_equal(get(fixture, d)->path, "[heap]");
	assert_int_equal(private_of(fixture, OBJECT_ID_VDSO, 10, 1000), OBJECT_ID_VDSO);
	assert_int_equal(see_name(fixture, "[heap]", 1), OBJECT_ID_HEAP);
}

static void count_forgotten(void *ctx, uint32_t id)
{
	uint32_t *forgotten = ctx;

	assert_int_equal(id, OBJECT_FIRST_FILE);
	++*forgotten;
}

static void release(struct fixture *fixture, uint32_t *forgotten, uint32_t marked, int times)
{
	while (times-- > 0) {
		objects_mark(fixture->objects, marked);
		objects_release(fixture->objects, count_forgotten, forgotten);
	}
}

/* What is marked stays, by whatever it is known; an id, once free, is another's. */
static void lets_go_of_what_nobody_names(void **state)
{
	struct fixture *fixture = *state;
	struct object_sighting record;
	uint32_t id, other, forgotten = 0;

	write_elf(&fixture->file, 0xab);
	id = objects_see(fixture->objects, &fixture->file.sighting);
	other = see_name(fixture, "[uprobes]", UINT64_MAX);
	release(fixture, &forgotten, other, IDLE_MARK_MAX - 1);
	objects_mark(fixture->objects, id);
	release(fixture, &forgotten, other, IDLE_MARK_MAX);
	assert_int_equal(forgotten, 0);
	assert_int_equal(objects_fds(fixture->objects), 1);
	release(fixture, &forgotten, other, 1);
	assert_int_equal(forgotten, 1);
	assert_int_equal(objects_fds(fixture->objects), 0);
	assert_int_equal(objects_counters(fixture->objects)->released, 1);
	assert_int_equal(see_name(fixture, "[uprobes]", UINT64_MAX), other);

	assert_int_equal(see_name(fixture, "[another]", UINT64_MAX), id);
	record = by_build_id(&fixture->file);
	assert_int_equal(objects_see(fixture->objects, &record), other + 1);
	assert_int_equal(objects_see(fixture->objects, &fixture->file.sighting), other + 1);
	release(fixture, &forgotten, other + 1, IDLE_MARK_MAX - 1);
	assert_int_equal(objects_see(fixture->objects, &record), other + 1);
	assert_int_equal(objects_see(fixture->objects, &fixture->file.sighting), other + 1);
	assert_int_equal(objects_count(fixture->objects), other + 2);
}

/* Each time, not the first time only: what was sampled before may have been forgotten since. */
static void private_memory_is_sampled_again(void **state)
{
	struct fixture *fixture = *state;
	struct jit_files *files = objects_jit_files(fixture->objects);
	struct object_owner owner = {.tgid = 10, .start_ns = 1000};

	owner.jit = jit_files_follow(files, 10, JIT_NONE);
	for (int window = 0; window < 3; window++) {
		objects_private(fixture->objects, OBJECT_ID_ANON, &owner);
		jit_files_sweep(files);
		jit_files_sweep(files);
		assert_true(jit_files_follow(files, 11, JIT_NONE) != owner.jit);
		jit_files_forget_samples(files);
	}
	jit_files_sweep(files);
	assert_int_equal(jit_files_follow(files, 12, JIT_NONE), owner.jit);
}

/* A JIT's memory file is its own memory; a program run from one is a file. */
static void tells_memory_files_apart(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_close_ int jit = memfd_create("jit", MFD_CLOEXEC);
	_cleanup_close_ int program = memfd_create("program", MFD_CLOEXEC);
	struct sample_file file = {0};
	struct elf_image image;
	uint32_t id;

	if (access("/proc/self/map_files", X_OK) < 0 || geteuid() != 0)
		skip();
	make_elf(&image, 0xab);
	assert_int_equal(fs_write_all(program, &image, sizeof(image)), 0);
	for (int i = 0; i < 2; i++) {
		int fd = i ? program : jit;
		void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

		assert_true(map != MAP_FAILED);
		snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", fd);
		look_at(&file);
		file.sighting.path = i ? "/memfd:program (deleted)" : "/memfd:jit (deleted)";
		file.sighting.start = (uint64_t)(uintptr_t)map;
		file.sighting.limit = file.sighting.start + 4096;
		id = objects_see(fixture->objects, &file.sighting);
		munmap(map, 4096);
		if (i)
			assert_int_equal(get(fixture, id)->unpinned, OBJECT_PINNED);
		else
			assert_int_equal(id, OBJECT_ID_ANON);
	}
	assert_string_equal(get(fixture, id)->path, "/memfd:program");
}

static int read_image(const struct elf_image *image, size_t len, struct object_build_id *build_id)
{
	_cleanup_close_ int fd = memfd_create("image", MFD_CLOEXEC);

	assert_int_equal(fs_write_all(fd, image, len), 0);
	return object_build_id_read(fd, build_id);
}

static void reads_only_sound_build_ids(void **state)
{
	struct object_build_id build_id;
	struct elf_image image;

	(void)state;
	make_elf(&image, 0xab);
	assert_int_equal(read_image(&image, sizeof(image), &build_id), 0);
	assert_int_equal(build_id.len, 20);
	assert_int_equal(build_id.bytes[19], 0xab);
	for (size_t len = 0; len < NOTE_AT + 36; len++)
		assert_true(read_image(&image, len, &build_id) == -ENOEXEC || build_id.len == 0);
	image.note.n_descsz = 21;
	assert_int_equal(read_image(&image, sizeof(image), &build_id), 0);
	assert_int_equal(build_id.len, 0);
	image.note.n_descsz = UINT32_MAX;
	assert_int_equal(read_image(&image, sizeof(image), &build_id), 0);
	assert_int_equal(build_id.len, 0);
	make_elf(&image, 0xab);
	image.segment.p_offset = UINT64_MAX - 8;
	assert_int_equal(read_image(&image, sizeof(image), &build_id), 0);
	assert_int_equal(build_id.len, 0);
	make_elf(&image, 0xab);
	image.header.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(read_image(&image, sizeof(image), &build_id), -ENOEXEC);
}

struct narrow_image {
	Elf32_Ehdr header;
	Elf32_Phdr segments[2];
	Elf32_Nhdr other;
	char other_name[4], other_data[4];
	Elf32_Nhdr note;
	char name[4];
	unsigned char build_id[8];
};

/* 32-bit programs run on 64-bit hosts; the note may be neither the only one nor 20 bytes long. */
static void reads_narrow_files(void **state)
{
	struct narrow_image image = {
		.header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB},
			   .e_phoff = sizeof(Elf32_Ehdr),
			   .e_phnum = 2,
			   .e_phentsize = sizeof(Elf32_Phdr)},
		.segments = {{.p_type = PT_LOAD},
			     {.p_type = PT_NOTE,
			      .p_offset = offsetof(struct narrow_image, other),
			      .p_filesz = sizeof(image) - offsetof(struct narrow_image, other)}},
		.other = {4, 3, NT_GNU_ABI_TAG},
		.other_name = "GNU",
		.note = {4, 8, NT_GNU_BUILD_ID},
		.name = "GNU",
		.build_id = "abcdefg"};
	_cleanup_close_ int fd = memfd_create("image", MFD_CLOEXEC);
	struct object_build_id build_id;

	(void)state;
	assert_int_equal(fs_write_all(fd, &image, sizeof(image)), 0);
	assert_int_equal(object_build_id_read(fd, &build_id), 0);
	assert_int_equal(build_id.len, 8);
	assert_memory_equal(build_id.bytes, "abcdefg", 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pins_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(knows_inode_from_build_id, set_up, tear_down),
		cmocka_unit_test_setup_teardown(never_takes_another_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_rewritten_files_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(finds_files_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(does_not_pile_up_the_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_elf_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keeps_to_its_budget, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pins_deleted_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(knows_special_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gives_each_process_its_own_memory, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(lets_go_of_what_nobody_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(private_memory_is_sampled_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_memory_files_apart, set_up, tear_down),
		cmocka_unit_test(reads_only_sound_build_ids),
		cmocka_unit_test(reads_narrow_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
