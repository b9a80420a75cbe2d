// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a namer asks of workers: one object, or several at once. */
#include "profiler/sandbox/namer_internal.h"

#include <errno.h>
#include <signal.h>

/* ---- one question ---- */

static bool is_answered(const struct namer *namer, const struct namer_question *question, size_t at)
{
	return answer_cache_find(&namer->answers, namer_key(question->object, question->by_address),
				 question->offsets[at]) != NULL;
}

static size_t questions_len(const struct namer_question *question)
{
	return MIN(question->len, (size_t)NAMER_QUESTION_MAX);
}

/* What of it is still to be asked. */
static void write_lookup(struct namer *namer, const struct namer_question *question,
			 struct worker_lookup *lookup)
{
	lookup->by_address = question->by_address;
	lookup->len = 0;
	pthread_mutex_lock(&namer->mutex);
	for (size_t i = 0; i < questions_len(question); i++)
		if (!is_answered(namer, question, i))
			lookup->offsets[lookup->len++] = question->offsets[i];
	pthread_mutex_unlock(&namer->mutex);
}

static int read_answers(struct namer *namer, const struct namer_question *question,
			const struct worker_lookup *lookup, struct byte_reader *reader)
{
	struct sym_frame frames[WORKER_ANSWER_FRAMES_MAX];
	uint32_t key = namer_key(question->object, question->by_address);
	struct sym_result result;
	int r = 0;

	for (size_t i = 0; i < lookup->len && r == 0; i++) {
		r = worker_answers_next(reader, &namer->names, frames, &result);
		if (r == 0 && !answer_cache_keep(&namer->answers, key, lookup->offsets[i], &result))
			r = -ENOMEM;
	}
	return r == 0 && reader_left(reader) ? -EBADMSG : r;
}

static int take_answers(struct namer *namer, const struct namer_question *question,
			const struct worker_lookup *lookup, const struct buf *bytes)
{
	struct byte_reader reader = byte_reader_of(bytes->data, bytes->len);
	int r;

	pthread_mutex_lock(&namer->mutex);
	r = read_answers(namer, question, lookup, &reader);
	pthread_mutex_unlock(&namer->mutex);
	return r;
}

static int take_about(struct named_object *object, const struct buf *bytes)
{
	struct byte_reader reader = byte_reader_of(bytes->data, bytes->len);
	int r = worker_about_read(&reader, &object->about);

	object->is_known |= r == 0;
	return r;
}

static void rest_desk(struct namer *namer, struct namer_desk *desk)
{
	if (namer_desk_rest(desk) < 0)
		namer->objects.items[desk->object].broken = SYM_FAILED;
}

/* What the desk's lookup holds. */
static int look_up(struct namer *namer, struct namer_desk *desk,
		   const struct namer_question *question)
{
	struct named_object *object = &namer->objects.items[question->object];
	struct namer_subject subject = {.id = question->object,
					.fd = object->fd,
					.path = object->path,
					.owner = object->owner,
					.is_jit = object->is_jit,
					.jit_time_ns = object->jit_time_ns};
	struct sandbox_reply reply = {0};
	int r;

	if (desk->worker && desk->object != question->object)
		rest_desk(namer, desk);
	r = namer_desk_ask(desk, &subject, &reply);
	if (r == 0)
		r = take_answers(namer, question, desk->lookup, &reply.bytes);
	if (r == 0)
		r = take_about(object, &reply.end);
	if (r == -EBADMSG)
		sandbox_worker_lied(desk->worker);
	desk->has_news = r == 0 && object->about.has_news;
	sandbox_reply_free(&reply);
	return r;
}

static void ask_at(struct namer *namer, struct namer_desk *desk,
		   const struct namer_question *question)
{
	struct named_object *object = &namer->objects.items[question->object];
	int r;

	write_lookup(namer, question, desk->lookup);
	if (object->broken != SYM_OK || (!desk->lookup->len && (question->len || object->is_known)))
		return;
	if (!namer_may_spend(&namer->options))
		return;
	r = look_up(namer, desk, question);
	if (r == 0 || r == -ENOMEM)
		return;
	object->broken = SYM_FAILED;
	namer_desk_drop(desk);
}

/* ---- several at once ---- */

struct crew { /* of threads, each at a desk */
	struct namer *namer;
	const struct namer_question *questions;
	size_t len, next; /* `next` is the first that nobody has taken; under the namer's mutex */
};

struct member {
	struct crew *crew;
	struct namer_desk *desk;
	pthread_t thread;
};

/* The next object's questions, all of them: one worker is to answer them. False: there are none. */
static bool take_questions(struct crew *crew, size_t *ret_first, size_t *ret_limit)
{
	size_t limit;

	pthread_mutex_lock(&crew->namer->mutex);
	*ret_first = limit = crew->next;
	while (limit < crew->len &&
	       crew->questions[limit].object == crew->questions[*ret_first].object)
		limit++;
	crew->next = *ret_limit = limit;
	pthread_mutex_unlock(&crew->namer->mutex);
	return limit > *ret_first;
}

static void *work(void *ctx)
{
	const struct member *member = ctx;
	size_t first, limit;

	while (take_questions(member->crew, &first, &limit))
		for (size_t i = first; i < limit; i++)
			ask_at(member->crew->namer, member->desk, &member->crew->questions[i]);
	rest_desk(member->crew->namer, member->desk);
	return NULL;
}

/* Signals are the main thread's. */
static bool start_member(struct member *member)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&member->thread, NULL, work, member);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r == 0;
}

/* This thread is one of them: where no other can be started, it does all. */
static void work_together(struct crew *crew, uint32_t member_cnt)
{
	struct member members[NAMER_WORKERS_MAX];
	uint32_t started = 1;

	for (uint32_t i = 0; i < member_cnt; i++)
		members[i] = (struct member){.crew = crew, .desk = &crew->namer->desks[i]};
	while (started < member_cnt && start_member(&members[started]))
		started++;
	work(&members[0]);
	while (started-- > 1)
		pthread_join(members[started].thread, NULL);
}

static uint32_t count_objects(const struct namer_question *questions, size_t len)
{
	uint32_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += i == 0 || questions[i].object != questions[i - 1].object;
	return count;
}

static size_t count_unanswered(const struct namer *namer, const struct namer_question *question)
{
	size_t count = 0;

	for (size_t i = 0; i < questions_len(question); i++)
		count += !is_answered(namer, question, i);
	return count;
}

/* Memory for answers and names has an end: then all begins anew. True when it does. */
static bool make_room(struct namer *namer, size_t len)
{
	if (namer->answers.answers.len + len <= namer->options.answers_max &&
	    namer->names.total_len <= namer->options.names_len_max)
		return false;
	answer_cache_forget(&namer->answers);
	namepool_free(&namer->names);
	namer->names = (struct namepool){0};
	return true;
}

/* Is there a worker to ask, and something to ask? */
static bool is_due(const struct namer *namer, const struct namer_question *question)
{
	const struct named_object *object = namer_object(namer, question->object);

	if (!object || object->local >= 0 || object->broken != SYM_OK)
		return false;
	return question->len ? count_unanswered(namer, question) > 0 : !object->is_known;
}

static int list_due(struct namer *namer, const struct namer_questions *questions,
		    struct namer_questions *due)
{
	int r = 0;

	vec_for_each(&questions->list, question)
		if (r == 0 && is_due(namer, question))
			r = vec_push(&due->list, *question);
	return r;
}

static size_t count_all(const struct namer *namer, const struct namer_questions *questions)
{
	size_t count = 0;

	vec_for_each(&questions->list, question)
		count += count_unanswered(namer, question);
	return count;
}

void namer_ask_all(struct namer *namer, const struct namer_questions *questions)
{
	_cleanup_(namer_questions_free) struct namer_questions due = {0};
	struct crew crew = {.namer = namer};
	uint32_t object_cnt;

	if (list_due(namer, questions, &due) == 0 && make_room(namer, count_all(namer, &due))) {
		due.list.len = 0; /* more than that is, now */
		(void)!list_due(namer, questions, &due);
	}
	crew.questions = due.list.items;
	crew.len = due.list.len;
	/* Of one object the worker stays: who asks for one at a time may well ask for more of it. */
	object_cnt = count_objects(crew.questions, crew.len);
	if (object_cnt > 1)
		work_together(&crew, MIN(object_cnt, namer->desk_cnt));
	else
		vec_for_each(&due.list, question)
			ask_at(namer, &namer->desks[0], question);
}

void namer_ask(struct namer *namer, const struct namer_question *question)
{
	if (!is_due(namer, question))
		return;
	(void)make_room(namer, count_unanswered(namer, question));
	ask_at(namer, &namer->desks[0], question);
}

void namer_rest(struct namer *namer)
{
	for (uint32_t i = 0; i < namer->desk_cnt; i++)
		rest_desk(namer, &namer->desks[i]);
}

/* ---- lists of questions ---- */

int namer_questions_add(struct namer_questions *questions, const struct namer_question *question)
{
	return vec_push(&questions->list, *question);
}

int namer_questions_own(struct namer_questions *questions, uint64_t *offsets)
{
	return vec_push(&questions->owned, offsets);
}

void namer_questions_free(struct namer_questions *questions)
{
	vec_for_each(&questions->owned, offsets)
		free(*offsets);
	vec_free(&questions->owned);
	vec_free(&questions->list);
}
