package sim

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Marker is a word that makes the test carrier do something else than say yes.
type Marker struct {
	Name string // as it is written
	Does string // what the carrier does
	Ends string // what becomes of it, with the times that are deployed
}

// The markers of a shipment's reference.
const (
	refused       = "sim-refused"
	slow          = "sim-slow"
	throttled     = "sim-throttled"
	unreachable   = "sim-unreachable"
	unauthorized  = "sim-unauthorized"
	unknownBooked = "sim-unknown-booked"
	unknownAbsent = "sim-unknown-absent"
	unknownHeld   = "sim-unknown-held"
	duplicate     = "sim-duplicate"
	labelLater    = "sim-label-later"
	labelNever    = "sim-label-never"
	voidRefused   = "sim-void-refused"
	voidUnknown   = "sim-void-unknown"
	noRates       = "sim-no-rates"
	ratesDown     = "sim-rates-down"
)

// Magic are the markers of a shipment's reference, in the order in which they count where several concern one call.
var Magic = []Marker{
	{unreachable, "Can't be reached in the first 25 seconds of every minute: not one byte of the request leaves.",
		"`pending` with waits that double from about two seconds, `booked` before the minute is over."},
	{throttled, "Answers 429 in the first 40 seconds of every minute, with a `Retry-After` to their end.",
		"`pending` with `next_attempt_at` until then, then `booked`."},
	{unauthorized, "Refuses every token that is more than ten seconds old.",
		"Fairlead logs in again within the same attempt: `booked` at once."},
	{refused, "Says no, with its code `sim_refused`.",
		"`failed` at once, `error.source` is `carrier`. Confirmed again, it is refused again."},
	{unknownBooked, "Books, and its answer is lost. Asked by our reference, it knows the booking.",
		"`unknown`, and `booked` by the first look-up, 30 seconds later."},
	{unknownAbsent, "Loses the request, and nobody can tell. Asked by our reference, it knows nothing, which proves nothing.",
		"`unknown`; `shipment.unknown` is sent after 20 minutes; held for a person after a day. If the account says `rebook_on_absent`, it is booked again after 20 minutes instead, and requests are lost in the first 35 minutes of every hour only: `booked` within 41 minutes."},
	{unknownHeld, "Loses its answer, and fails whenever it is asked.",
		"`unknown`, look-ups for a day, then held for a person."},
	{duplicate, "Books twice, and its answer is lost. Asked by our reference, it knows both bookings.",
		"`unknown`, and `booked` with the first by the first look-up, 30 seconds later; the second is announced by `shipment.duplicate` and voided."},
	{slow, "Takes ten seconds to answer.",
		"`booked` after ten seconds."},
	{labelLater, "Books without a label, and has it when it is asked for it.",
		"`booked` with `document: pending`, `ready` a few seconds later."},
	{labelNever, "Books, and never has the label.",
		"`booked` with `document: pending`, `failed` after a day."},
	{voidRefused, "Refuses to void the booking, with its code `sim_collected`.",
		"`booked`; when it is cancelled it stays `booked`, and the refusal is kept."},
	{voidUnknown, "Loses its answer to a void.",
		"`booked`; when it is cancelled it is `cancelling`, and held for a person after a day."},
	{noRates, "Offers nothing for the shipment, with its code `sim_no_service`.",
		"No rates; `cheapest` and `fastest` are `failed` with that code. A service named by its code is `booked`."},
	{ratesDown, "Does not answer when it is asked for rates.",
		"No rates for now; `cheapest` and `fastest` stay `pending`, and are `failed` with `rates_unavailable` after a day. A service named by its code is `booked`."},
}

// The markers of the first line of an address.
const (
	addressCorrected = "sim-address-corrected"
	addressAmbiguous = "sim-address-ambiguous"
	addressUnknown   = "sim-address-unknown"
	addressDown      = "sim-address-down"
)

// MagicAddresses are the markers of the first line of an address that is checked. Any other address is valid.
var MagicAddresses = []Marker{
	{addressCorrected, "Knows the address by another first line, `1 TEST STREET`.", "`corrected`, with one candidate."},
	{addressAmbiguous, "Knows three addresses that could be meant.", "`ambiguous`, with three candidates."},
	{addressUnknown, "Knows no such address.", "`unknown`, without a candidate."},
	{addressDown, "Does not answer.", "A failure that may pass."},
}

// deniedNumber is the account number whose login is refused.
const deniedNumber = "DENIED"

// MagicNumbers are account numbers with a meaning. Any other one is an account in good standing.
var MagicNumbers = []Marker{
	{deniedNumber, "Refuses the account's login.", "Its shipments are `failed` with `login_refused`, before anything is sent."},
}

// marked tells whether text has the marker name in it as a word of its own: neither a letter nor a digit stands beside
// it. Capitals count as small letters, for some systems write references in capitals only.
func marked(text, name string) bool {
	text = strings.ToLower(text)
	for at := 0; ; at++ {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return false
		}
		at += i
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(name):])
		if !inWord(before) && !inWord(after) {
			return true
		}
	}
}

// inWord is false of utf8.RuneError, which stands for the ends of a text.
func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
