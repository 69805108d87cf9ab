/* SPDX-License-Identifier: EUPL-1.2 */
#include "register/command.h"

#include <stdio.h>
#include <string.h>

#include "core/code.h"
#include "core/halfday.h"

#define CARDS_OF_ONE_MAX WIRE_REPLY_CARDS_MAX
#define DETAIL_MAX (ALERT_NOTE_MAX + 200)

/* One command on its way. */
struct job {
	struct command_host *host;
	const char *user;
	const struct wire_command *c;
	struct wire_reply *reply;
	int err; /* a store_err */
	bool refused;
	struct day *day; /* with an alert or a half day */
	int32_t alert; /* index into its alerts; below 0: none */
	size_t pupil; /* index into the roster's, with has_half */
	enum halfday half;
	bool has_half;
};

static const char *const words[] = {
	[WIRE_COMMAND_NONE] = "",
	[WIRE_COMMAND_ACKNOWLEDGE] = "acknowledge",
	[WIRE_COMMAND_RESOLVE] = "resolve",
	[WIRE_COMMAND_REOPEN] = "reopen",
	[WIRE_COMMAND_MARK_PRESENT] = "mark_present",
	[WIRE_COMMAND_MARK_EXCUSED] = "mark_excused",
	[WIRE_COMMAND_SET_CODE] = "set_code",
	[WIRE_COMMAND_LINK_CARD] = "link_card",
	[WIRE_COMMAND_BLOCK_CARD] = "block_card",
	[WIRE_COMMAND_DAY_CARD] = "day_card",
	[WIRE_COMMAND_RELEASE] = "release",
	[WIRE_COMMAND_UNLINK_CARD] = "unlink_card",
	[WIRE_COMMAND_UNBLOCK_CARD] = "unblock_card",
	[WIRE_COMMAND_PUPILS] = "pupils",
	[WIRE_COMMAND_PUPIL] = "pupil",
	[WIRE_COMMAND_HISTORY] = "history",
};

const char *command_word(enum wire_command_kind kind)
{
	return words[kind];
}

static void refuse(struct job *j, enum wire_reply_error error, const char *reason)
{
	j->refused = true;
	j->reply->error = error;
	snprintf(j->reply->reason, sizeof(j->reply->reason), "%s", reason);
}

static bool ended(const struct job *j)
{
	return j->err || j->refused;
}

static struct alert *alert_of(const struct job *j)
{
	return j->day && j->alert >= 0 ? &j->day->alerts[j->alert] : NULL;
}

/* ---- who did what ---- */

static void journal(struct job *j, int64_t pupil, const char *about, const char *detail)
{
	char id[11];
	char text[DETAIL_MAX];
	const char *note = j->c->note;
	if (pupil > 0)
		checkin_pupil_format(pupil, id);
	snprintf(text, sizeof(text), "%s%s%s", detail, note[0] ? ": " : "", note);
	if (!j->err)
		j->err = register_store_journal(j->host->store, j->host->state->now_ms, j->user,
			words[j->c->command], pupil > 0 ? id : about, text);
}

/* "2026-11-23 am was_present" */
static void journal_half(struct job *j, size_t pupil, enum halfday half, const char *what)
{
	char date[CIVIL_DATE_TEXT];
	char detail[80];
	civil_format_date(j->day->date, date);
	snprintf(detail, sizeof(detail), "%s %s%s%s", date, halfday_word(half), *what ? " " : "",
		what);
	journal(j, j->day->roster->pupils[pupil].id, "", detail);
}

static void journal_alert(struct job *j, const struct alert *alert, const char *what)
{
	char detail[ALERT_ID_MAX + 40];
	snprintf(detail, sizeof(detail), "%s%s%s", alert->pupil > 0 ? alert->id : what,
		alert->pupil > 0 && *what ? " " : "", alert->pupil > 0 ? what : "");
	journal(j, alert->pupil, alert->id, detail);
}

/* ---- of what is asked ---- */

static bool date_in_reach(const struct job *j, struct civil_date date)
{
	int32_t ahead = civil_day_number(date) - civil_day_number(j->host->state->today);
	return ahead >= -COMMAND_DAYS_BACK && ahead <= COMMAND_DAYS_AHEAD;
}

static void open_day(struct job *j, struct civil_date date)
{
	j->day = j->host->day(j->host->ctx, date);
	if (!j->day)
		j->err = STORE_ERR_IO;
}

static void find_pupil(struct job *j, int64_t id, size_t *ret_index)
{
	const struct roster_pupil *p = id > 0 ? roster_pupil_of(j->host->roster, id) : NULL;
	if (id <= 0)
		refuse(j, WIRE_REPLY_INVALID, "pupil: is missing");
	else if (!p)
		refuse(j, WIRE_REPLY_NOT_FOUND, "no such pupil");
	else
		*ret_index = (size_t)(p - j->host->roster->pupils);
}

/* An alert's id begins with its date. */
static void find_alert(struct job *j)
{
	struct civil_date date;
	char text[CIVIL_DATE_TEXT];
	snprintf(text, sizeof(text), "%.10s", j->c->alert);
	if (civil_parse_date(text, &date) || !date_in_reach(j, date)) {
		refuse(j, WIRE_REPLY_NOT_FOUND, "no such alert");
		return;
	}
	open_day(j, date);
	j->alert = j->day ? day_alert_find(j->day, j->c->alert) : DAY_NO_ALERT;
	const struct alert *a = alert_of(j);
	if (j->day && !a)
		refuse(j, WIRE_REPLY_NOT_FOUND, "no such alert");
	if (!a || a->pupil <= 0 || a->half == HALFDAY_NONE)
		return;
	if (j->c->pupil > 0 && j->c->pupil != a->pupil) {
		refuse(j, WIRE_REPLY_INVALID, "pupil: not that of the alert");
		return;
	}
	const struct roster_pupil *p = roster_pupil_of(j->host->roster, a->pupil);
	if (!p)
		return; /* has left: the alert alone */
	j->has_half = true;
	j->pupil = (size_t)(p - j->host->roster->pupils);
	j->half = a->half;
}

static void find_half(struct job *j)
{
	struct civil_date date = j->c->date.year ? j->c->date : j->host->state->today;
	find_pupil(j, j->c->pupil, &j->pupil);
	if (ended(j))
		return;
	if (j->c->half == HALFDAY_NONE) {
		refuse(j, WIRE_REPLY_INVALID, "half: is missing");
		return;
	}
	if (!date_in_reach(j, date)) {
		refuse(j, WIRE_REPLY_NOT_ALLOWED,
			"date: more than 40 days ago, or over a year ahead");
		return;
	}
	open_day(j, date);
	if (!j->day)
		return;
	j->half = j->c->half;
	j->has_half = true;
	j->alert = day_half_of(j->day, j->pupil, j->half)->alert;
}

static void need_alert(struct job *j)
{
	if (j->c->alert[0])
		find_alert(j);
	else
		refuse(j, WIRE_REPLY_INVALID, "alert: is missing");
}

static void need_half(struct job *j)
{
	if (j->c->alert[0])
		find_alert(j);
	else
		find_half(j);
	if (!ended(j) && !j->has_half)
		refuse(j, WIRE_REPLY_INVALID, "alert: of no pupil's half day");
	if (ended(j))
		return;
	size_t class_index = j->day->roster->pupils[j->pupil].class_index;
	if (!day_class_of(j->day, class_index, j->half)->slot)
		refuse(j, WIRE_REPLY_INVALID, "half: the class has no lessons then");
}

static void need_alert_or_half(struct job *j)
{
	if (j->c->alert[0])
		find_alert(j);
	else
		find_half(j);
}

static void need_card(struct job *j)
{
	if (j->c->alert[0]) /* of an unknown card */
		find_alert(j);
}

/* Somebody else was quicker. */
static void check_revision(struct job *j)
{
	const struct alert *a = alert_of(j);
	if (j->c->if_revision <= 0 || ended(j))
		return;
	if (!a)
		refuse(j, WIRE_REPLY_NOT_FOUND, "if_revision: there is no alert");
	else if (a->revision != j->c->if_revision)
		refuse(j, WIRE_REPLY_STALE, "the alert has changed meanwhile");
}

/* ---- what is done ---- */

static bool tell_alert(struct job *j, enum alert_event event, enum alert_what what)
{
	struct alert_change change = { .event = event,
		.at_ms = j->host->state->now_ms,
		.expected_at_ms = -1,
		.arrived_at_ms = -1,
		.what = what,
		.by = j->user,
		.note = j->c->note[0] ? j->c->note : NULL };
	return register_person(j->host->state, j->day, j->alert, &change, j->host->fx);
}

/* What is said of a half day from now on. */
static void say(struct job *j, size_t pupil, enum halfday half, bool seen, bool excused, char code,
	enum mark_decided at_least)
{
	struct register_store_correction now;
	enum mark_decided decided = day_half_of(j->day, pupil, half)->decided;
	day_correction(j->day, pupil, half, &now);
	if (decided > now.decided)
		now.decided = decided;
	if (at_least > now.decided)
		now.decided = at_least;
	now.seen = seen;
	now.excused = excused;
	now.code = code;
	now.at_ms = j->host->state->now_ms;
	snprintf(now.who, sizeof(now.who), "%s", j->user);
	register_correct(j->host->state, j->day, &now, j->host->fx);
	if (!j->err)
		j->err = register_store_correction_put(j->host->store, &now);
}

/* Was present, or excused: the alert that is open ends with a person's name and note, and what was said
 * or set before gives way. B is no excuse: it ends no alert. */
static void correct(struct job *j, enum alert_what what, char code)
{
	const struct alert *a = alert_of(j);
	bool excused = what == ALERT_EXCUSED;
	if (a && !alert_is_over(a) && what != ALERT_WHAT_NONE)
		(void)tell_alert(j, ALERT_EVENT_RESOLVE, what);
	say(j, j->pupil, j->half, what == ALERT_WAS_PRESENT, excused, code, MARK_UNDECIDED);
	j->alert = day_half_of(j->day, j->pupil, j->half)->alert;
}

static bool about_pupil(const struct alert *a)
{
	return a->kind == ALERT_ABSENT || a->kind == ALERT_LATE;
}

static void run_acknowledge(struct job *j)
{
	const struct alert *a = alert_of(j);
	if (alert_is_over(a))
		refuse(j, WIRE_REPLY_NOT_ALLOWED, "the alert is over");
	else if (!tell_alert(j, ALERT_EVENT_ACKNOWLEDGE, ALERT_WHAT_NONE))
		refuse(j, WIRE_REPLY_NOT_ALLOWED, "acknowledged already");
	else
		journal_alert(j, a, "");
}

static void run_release(struct job *j)
{
	const struct alert *a = alert_of(j);
	if (a->state != ALERT_ACKNOWLEDGED)
		refuse(j, WIRE_REPLY_NOT_ALLOWED, "nobody has acknowledged it, or it is over");
	else if (strcmp(a->acknowledged_by, j->user) != 0)
		refuse(j, WIRE_REPLY_NOT_ALLOWED, "another has acknowledged it");
	else if (tell_alert(j, ALERT_EVENT_RELEASE, ALERT_WHAT_NONE))
		journal_alert(j, a, "");
}

/* Whom nobody called can't have been reached: which endings a kind may have. */
static bool may_end_as(const struct alert *a, enum alert_what what)
{
	bool of_pupils = about_pupil(a) || a->kind == ALERT_CLASS_MISSING;
	if (what == ALERT_WAS_PRESENT || what == ALERT_EXCUSED)
		return of_pupils;
	if (what == ALERT_REACHED || what == ALERT_NOT_REACHED)
		return of_pupils || a->kind == ALERT_TALK;
	return what == ALERT_OTHER;
}

static bool is_of_class(const struct job *j, size_t pupil, const struct alert *a)
{
	return !strcmp(j->day->roster->pupils[pupil].class_name, a->class_name);
}

/* A whole class was on an excursion that nobody had entered. */
static void correct_class(struct job *j, const struct alert *a, enum alert_what what)
{
	for (size_t p = 0; p < j->day->roster->n_pupils && !j->err; p++) {
		const struct day_half *h = day_half_of(j->day, p, a->half);
		if (!is_of_class(j, p, a) || !mark_is_missing(h->mark.value))
			continue;
		say(j, p, a->half, what == ALERT_WAS_PRESENT, what == ALERT_EXCUSED, 0,
			MARK_UNDECIDED);
		journal_half(j, p, a->half, alert_what_word(what));
	}
}

static void run_resolve(struct job *j)
{
	const struct alert *a = alert_of(j);
	enum alert_what what = j->c->what;
	bool corrects = what == ALERT_WAS_PRESENT || what == ALERT_EXCUSED;
	if (what == ALERT_WHAT_NONE || !may_end_as(a, what)) {
		refuse(j, WIRE_REPLY_INVALID, "what: is missing, or not for this kind of alert");
		return;
	}
	/* That it was untrue may be said after its half day too. */
	if (alert_is_over(a) &&
		(!corrects || a->state == ALERT_RETRACTED || !about_pupil(a) || !j->has_half)) {
		refuse(j, WIRE_REPLY_NOT_ALLOWED, "the alert is over");
		return;
	}
	journal_alert(j, a, alert_what_word(what));
	if (corrects && about_pupil(a) && j->has_half) {
		correct(j, what, 0);
		return;
	}
	(void)tell_alert(j, ALERT_EVENT_RESOLVE, what);
	if (corrects && a->kind == ALERT_CLASS_MISSING)
		correct_class(j, a, what);
}

static void take_back(struct job *j, size_t pupil, enum halfday half)
{
	const struct day_class *c =
		day_class_of(j->day, j->day->roster->pupils[pupil].class_index, half);
	bool over = j->host->state->now_ms >= c->end_ms;
	/* Nobody was there to decide while a person's word stood. */
	say(j, pupil, half, false, false, 0, over ? MARK_DECIDED : MARK_UNDECIDED);
}

static void take_back_class(struct job *j)
{
	const struct alert *a = alert_of(j);
	for (size_t p = 0; p < j->day->roster->n_pupils && !j->err; p++) {
		struct register_store_correction said;
		day_correction(j->day, p, a->half, &said);
		if (!is_of_class(j, p, a) || said.at_ms != a->resolved_at_ms ||
			strcmp(said.who, a->resolved_by) != 0)
			continue;
		take_back(j, p, a->half);
		journal_half(j, p, a->half, "");
	}
}

static void run_reopen(struct job *j)
{
	const struct alert *a = alert_of(j);
	struct register_store_correction said = { 0 };
	if (j->has_half)
		day_correction(j->day, j->pupil, j->half, &said);
	bool corrected = said.seen || said.excused || said.code;
	bool by_person = a && alert_is_over(a) && a->resolved_by[0];
	bool untrue = by_person && a->state == ALERT_RETRACTED;
	/* Of an alert that a call had ended the code stays: it is another matter. */
	bool undoes = corrected && (untrue || !j->c->alert[0]);
	if (!by_person && !undoes) {
		refuse(j, WIRE_REPLY_NOT_ALLOWED, "nothing here was ended or said by a person");
		return;
	}
	if (by_person) {
		journal_alert(j, a, alert_what_word(a->what));
		/* While the alert of the class is still shut: its pupils need none of their own. */
		if (untrue && a->kind == ALERT_CLASS_MISSING)
			take_back_class(j);
		(void)tell_alert(j, ALERT_EVENT_REOPEN, ALERT_WHAT_NONE);
	} else {
		journal_half(j, j->pupil, j->half, "");
	}
	if (undoes)
		take_back(j, j->pupil, j->half);
	if (by_person && !alert_is_over(a) && register_alert_has_ended(j->host->state, j->day, a)) {
		struct alert_change over = { .event = ALERT_EVENT_HALF_DAY_OVER };
		(void)register_person(j->host->state, j->day, j->alert, &over, j->host->fx);
	}
}

static void run_mark_present(struct job *j)
{
	const struct day_class *c =
		day_class_of(j->day, j->day->roster->pupils[j->pupil].class_index, j->half);
	int64_t opens_ms = c->start_ms - INT64_C(60000) * j->day->rules.opens_before_min;
	if (j->host->state->now_ms < opens_ms) {
		refuse(j, WIRE_REPLY_NOT_ALLOWED, "half: has not begun");
		return;
	}
	journal_half(j, j->pupil, j->half, "");
	correct(j, ALERT_WAS_PRESENT, 0);
}

static void run_mark_excused(struct job *j)
{
	const struct day_half *h = day_half_of(j->day, j->pupil, j->half);
	journal_half(j, j->pupil, j->half, "");
	/* A code that says why stays; B says the reverse. */
	correct(j, ALERT_EXCUSED, day_says_absent(j->day, h->code) ? 0 : h->code);
}

static void run_set_code(struct job *j)
{
	char code[2] = { j->c->code, 0 };
	int year = civil_school_year(j->day->date);
	if (!j->c->code || code_check(code_shipped, code_n_shipped, j->c->code, year,
				   CODE_WAY_COMMAND) != CODE_TAKEN) {
		refuse(j, WIRE_REPLY_INVALID, "code: missing, or none of this school year");
		return;
	}
	const struct code_row *row = code_find(code_shipped, code_n_shipped, j->c->code, year);
	journal_half(j, j->pupil, j->half, code);
	correct(j, code_is_excuse(row) ? ALERT_EXCUSED : ALERT_WHAT_NONE, j->c->code);
}

/* ---- cards ---- */

/* The hash, or the unknown_card alert that has it. */
static struct card_hash card_of(struct job *j)
{
	struct card_hash card = j->c->card;
	if (card_hash_is_none(card) && alert_of(j))
		card = alert_of(j)->card;
	if (!ended(j) && card_hash_is_none(card))
		refuse(j, WIRE_REPLY_INVALID, "card: is missing");
	return card;
}

static void journal_card(struct job *j, const struct roster_card *card)
{
	char hash[CARD_HASH_TEXT];
	card_hash_format(card->hash, hash);
	journal(j, card->pupil, "", hash);
}

/* Only what this command did: who takes it back must not take back what was so before. */
static void tell_card(struct job *j, const struct roster_card *card)
{
	if (j->reply->n_cards < WIRE_REPLY_CARDS_MAX)
		j->reply->cards[j->reply->n_cards++] = *card;
}

/* Its taps are judged anew, in hindsight as well. */
static void card_changed(struct job *j, const struct roster_card *card)
{
	j->host->roster_changed = true;
	j->host->linked = card->hash;
	j->host->linked_pupil = card->pupil;
}

/* Today's alert of an unknown card. */
static void find_card_alert(struct job *j, struct card_hash card)
{
	char id[ALERT_ID_MAX];
	open_day(j, j->host->state->today);
	if (ended(j))
		return;
	alert_id_card(j->host->state->today, card, id);
	j->alert = day_alert_find(j->day, id);
}

/* The card is this pupil's: today's alert of an unknown one is over, and its taps count. */
static void give_card(struct job *j, const struct roster_card *card)
{
	j->err = register_store_card_put(j->host->store, card);
	journal_card(j, card);
	card_changed(j, card);
	tell_card(j, card);
	find_card_alert(j, card->hash);
	if (!ended(j) && j->alert >= 0)
		(void)tell_alert(j, ALERT_EVENT_CARD_LINKED, ALERT_WHAT_NONE);
}

/* Return: 1 found, 0 none; j->err otherwise. */
static int look_up(struct job *j, struct card_hash hash, struct roster_card *ret_card)
{
	int found = register_store_card(j->host->store, hash, ret_card);
	if (found < 0)
		j->err = found;
	return found > 0;
}

static bool is_past(const struct job *j, const struct roster_card *card)
{
	return card->to.year > 0 && civil_date_compare(card->to, j->host->state->today) < 0;
}

/* Whether a card that is known may be given to this pupil. Return: true where there is more to do. */
static bool may_give(struct job *j, const struct roster_card *old)
{
	if (old->blocked)
		refuse(j, WIRE_REPLY_NOT_ALLOWED, "the card is blocked");
	else if (old->pupil != j->c->pupil && !is_past(j, old))
		refuse(j, WIRE_REPLY_NOT_ALLOWED, "it is another pupil's card");
	return !j->refused;
}

static void run_link_card(struct job *j)
{
	struct roster_card card = { .pupil = j->c->pupil };
	struct roster_card old;
	size_t pupil;
	card.hash = card_of(j);
	if (!ended(j))
		find_pupil(j, j->c->pupil, &pupil);
	if (ended(j))
		return;
	if (look_up(j, card.hash, &old)) {
		if (!may_give(j, &old))
			return;
		/* What it was before stays: its taps then were another's. */
		if (old.pupil != card.pupil)
			card.from = j->host->state->today;
		else if (roster_card_valid(&old, j->host->state->today) && !old.to.year)
			return; /* is so already */
	}
	if (!ended(j))
		give_card(j, &card);
}

static void run_day_card(struct job *j)
{
	struct civil_date today = j->host->state->today;
	struct roster_card card = { .pupil = j->c->pupil, .from = today, .to = today };
	struct roster_card old;
	size_t pupil;
	if (j->c->date.year && civil_date_compare(j->c->date, today) != 0)
		refuse(j, WIRE_REPLY_INVALID, "date: a day card is today's");
	if (!ended(j))
		card.hash = card_of(j);
	if (!ended(j))
		find_pupil(j, j->c->pupil, &pupil);
	if (ended(j))
		return;
	if (look_up(j, card.hash, &old)) {
		if (!may_give(j, &old))
			return;
		if (old.pupil == card.pupil && roster_card_valid(&old, today))
			return; /* is so already, and maybe for longer */
		if (old.pupil == card.pupil)
			card.from = old.from; /* its taps of then stay this pupil's */
	}
	if (!ended(j))
		give_card(j, &card);
}

static void block(struct job *j, struct roster_card *card)
{
	card->blocked = true;
	card->blocked_at_ms = j->host->state->now_ms;
	j->err = register_store_card_put(j->host->store, card);
	journal_card(j, card);
	j->host->roster_changed = true;
	tell_card(j, card);
}

/* Who lost a card doesn't know its hash: all of the pupil's then. */
static void block_all(struct job *j)
{
	struct roster_card cards[CARDS_OF_ONE_MAX];
	size_t pupil;
	bool any = false;
	find_pupil(j, j->c->pupil, &pupil);
	if (ended(j))
		return;
	int n = register_store_cards_of(j->host->store, j->c->pupil, cards, CARDS_OF_ONE_MAX);
	if (n < 0)
		j->err = n;
	for (int i = 0; i < n && !j->err; i++) {
		if (cards[i].blocked || is_past(j, &cards[i]))
			continue;
		block(j, &cards[i]);
		any = true;
	}
	if (!ended(j) && !any)
		refuse(j, WIRE_REPLY_NOT_FOUND, "the pupil has no card that could be blocked");
}

static void run_block_card(struct job *j)
{
	struct roster_card card;
	if (card_hash_is_none(j->c->card) && !j->c->alert[0]) {
		block_all(j);
		return;
	}
	struct card_hash hash = card_of(j);
	if (ended(j))
		return;
	if (!look_up(j, hash, &card))
		refuse(j, WIRE_REPLY_NOT_FOUND, "the card is nobody's");
	else if (j->c->pupil > 0 && j->c->pupil != card.pupil)
		refuse(j, WIRE_REPLY_INVALID, "pupil: the card is not this pupil's");
	else if (!card.blocked)
		block(j, &card);
}

/* The card as it is, of the pupil who is named. Return: whether there is more to do. */
static bool find_card(struct job *j, struct roster_card *ret_card)
{
	struct card_hash hash = card_of(j);
	if (ended(j))
		return false;
	if (!look_up(j, hash, ret_card))
		refuse(j, WIRE_REPLY_NOT_FOUND, "the card is nobody's");
	else if (j->c->pupil > 0 && j->c->pupil != ret_card->pupil)
		refuse(j, WIRE_REPLY_NOT_ALLOWED, "it is another pupil's card");
	return !ended(j);
}

/* Given by mistake: nobody's again, and unknown at the gates. */
static void run_unlink_card(struct job *j)
{
	struct roster_card card;
	if (j->c->pupil <= 0)
		refuse(j, WIRE_REPLY_INVALID, "pupil: is missing");
	if (ended(j) || !find_card(j, &card))
		return;
	if (card.blocked) {
		refuse(j, WIRE_REPLY_NOT_ALLOWED, "the card is blocked");
		return;
	}
	j->err = register_store_card_drop(j->host->store, card.hash);
	journal_card(j, &card);
	card_changed(j, &card);
	find_card_alert(j, card.hash);
	const struct alert *a = alert_of(j);
	if (!ended(j) && a && a->what == ALERT_CARD_LINKED)
		(void)tell_alert(j, ALERT_EVENT_REOPEN, ALERT_WHAT_NONE);
}

static void run_unblock_card(struct job *j)
{
	struct roster_card card;
	if (!find_card(j, &card))
		return;
	if (!card.blocked)
		return; /* is so already */
	card.blocked = false;
	card.blocked_at_ms = 0;
	j->err = register_store_card_put(j->host->store, &card);
	journal_card(j, &card);
	card_changed(j, &card);
	tell_card(j, &card);
}

/* ---- all of it ---- */

static const struct {
	void (*need)(struct job *j);
	void (*run)(struct job *j);
} commands[] = {
	[WIRE_COMMAND_ACKNOWLEDGE] = { need_alert, run_acknowledge },
	[WIRE_COMMAND_RESOLVE] = { need_alert, run_resolve },
	[WIRE_COMMAND_REOPEN] = { need_alert_or_half, run_reopen },
	[WIRE_COMMAND_MARK_PRESENT] = { need_half, run_mark_present },
	[WIRE_COMMAND_MARK_EXCUSED] = { need_half, run_mark_excused },
	[WIRE_COMMAND_SET_CODE] = { need_half, run_set_code },
	[WIRE_COMMAND_LINK_CARD] = { need_card, run_link_card },
	[WIRE_COMMAND_BLOCK_CARD] = { need_card, run_block_card },
	[WIRE_COMMAND_DAY_CARD] = { need_card, run_day_card },
	[WIRE_COMMAND_RELEASE] = { need_alert, run_release },
	[WIRE_COMMAND_UNLINK_CARD] = { need_card, run_unlink_card },
	[WIRE_COMMAND_UNBLOCK_CARD] = { need_card, run_unblock_card },
};

/* Whoever came too late sees what was done meanwhile. */
static void tell_now(const struct alert *a, struct wire_reply_now *ret_now)
{
	ret_now->state = a->state;
	ret_now->at_ms = a->changed_at_ms;
	if (alert_is_over(a)) {
		ret_now->at_ms = a->resolved_at_ms;
		ret_now->what = a->what;
		memcpy(ret_now->by, a->resolved_by, sizeof(ret_now->by));
		memcpy(ret_now->note, a->note, sizeof(ret_now->note));
	} else if (a->state == ALERT_ACKNOWLEDGED) {
		ret_now->at_ms = a->acknowledged_at_ms;
		memcpy(ret_now->by, a->acknowledged_by, sizeof(ret_now->by));
	}
}

bool command_is_look(enum wire_command_kind kind)
{
	return kind >= WIRE_COMMAND_PUPILS;
}

int command_run(struct command_host *host, const char *user, const struct wire_command *command,
	struct wire_reply *ret_reply)
{
	struct job j = {
		.host = host, .user = user, .c = command, .reply = ret_reply, .alert = DAY_NO_ALERT
	};
	memset(ret_reply, 0, sizeof(*ret_reply));
	ret_reply->request = command->request;
	host->roster_changed = false;
	host->linked = (struct card_hash){ { 0 } };
	host->linked_pupil = 0;
	register_effects_clear(host->fx);
	commands[command->command].need(&j);
	check_revision(&j);
	if (!ended(&j))
		commands[command->command].run(&j);
	if (j.err)
		return j.err;
	ret_reply->ok = !j.refused;
	const struct alert *a = alert_of(&j);
	if (a) {
		memcpy(ret_reply->alert, a->id, sizeof(a->id));
		ret_reply->revision = a->revision;
	}
	if (a && (ret_reply->error == WIRE_REPLY_STALE ||
			 ret_reply->error == WIRE_REPLY_NOT_ALLOWED))
		tell_now(a, &ret_reply->now);
	if (j.day)
		host->wrote(host->ctx, j.day);
	return 0;
}
