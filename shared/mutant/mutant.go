// Package mutant names the guards of the booking protocol and takes them out, one at a time, so that it can be shown
// that the simulator notices when one is missing. The code asks On next to each guard. Without the build tag "mutants"
// the answer is a constant no, and what depends on it is not compiled: no release contains a mutant.
package mutant

// Mutant is one guard taken out. Its value is what a table calls it.
type Mutant string

// The mutants.
const (
	// NoFence: results of a booking are written without the condition that their writer still owns it. It guards what a
	// later owner wrote.
	NoFence Mutant = "without the fence of the results"
	// NoRecoveryFence: the same of what recovery writes.
	NoRecoveryFence Mutant = "without the fence of recovery"
	// NoSendBy: bytes of a booking request leave however late it is. The gate guards the settling time: what nobody can
	// send any more after the lease can't be booked twice.
	NoSendBy Mutant = "without the send-by gate"
	// NoIntent: the carrier is called before the claim is written. The intent guards against callers that nobody knows of.
	NoIntent Mutant = "without the intent"
	// NoSettle: two absent answers count as soon as the lease has ended. Settling guards against a carrier that executes or
	// shows a booking late.
	NoSettle Mutant = "without the settling time"
	// SettledAtWrite: settling is judged by the time of the write instead of the time before the look-up was sent. The
	// answer may be older than that.
	SettledAtWrite Mutant = "settling judged at the write"
	// NoLate: writes that close a shipment or take it back do not ask whether a number came late. The condition guards
	// that number.
	NoLate Mutant = "without the condition on late numbers"
	// LateDropped: a result that comes too late is dropped without comparing its number with the item's.
	LateDropped Mutant = "a late result is dropped"
	// PooledBooking: bookings travel on pooled connections. A fresh one guards the evidence: what a connection took that the
	// carrier had left long ago was never a request.
	PooledBooking Mutant = "without the fresh connection"
	// WakeAnyway: wake sends although another wake moved `due`. The condition guards against a message for each of them.
	WakeAnyway Mutant = "without the conditional move of due"
	// NoNotBefore: a claim does not ask whether the time for the next attempt has come. nx guards what the carrier asked
	// for.
	NoNotBefore Mutant = "without the claim's not-before"
	// OwnerPerProcess: the owner is the process instead of the message receipt. Two receipts of one process are two workers.
	OwnerPerProcess Mutant = "an owner per process"
	// LeaseOfAnother: a live booking of somebody else is taken for one's own claim whose answer was lost.
	LeaseOfAnother Mutant = "a live lease read as one's own"
	// BlindRetry: a call of unknown outcome is made again at once.
	BlindRetry Mutant = "blind retry of an unknown outcome"
	// ServerErrorRefused: a 5xx is taken for a definite no.
	ServerErrorRefused Mutant = "a 5xx read as a no"
	// ExpireToPending: a lease that ran out makes a shipment claimable again, as most job queues do.
	ExpireToPending Mutant = "an expired lease goes back to pending"
	// ResetOnError: whatever went wrong in a worker undoes the claim, as idempotency libraries that delete their record do.
	ResetOnError Mutant = "undone on error"
	// ClaimAnyOrder: a claim is made whatever the order says by now. Naming the order guards against booking one that was
	// changed since.
	ClaimAnyOrder Mutant = "a claim that names no order"
	// VoidDoubtForgotten: a refusal is believed although an earlier void was never answered. Remembering that guards against
	// a label that is shown as booked and is void.
	VoidDoubtForgotten Mutant = "a refusal after an unanswered void read as still booked"
	// VoidedCloses: a cancelled shipment leaves the open index although a number came late. Staying open guards that number.
	VoidedCloses Mutant = "a void that closes over a late number"
)

// All are all of them, in the order of the tables.
func All() []Mutant {
	return []Mutant{NoFence, NoRecoveryFence, NoSendBy, NoIntent, NoSettle, SettledAtWrite, NoLate, LateDropped, PooledBooking, WakeAnyway, NoNotBefore,
		OwnerPerProcess, LeaseOfAnother, BlindRetry, ServerErrorRefused, ExpireToPending, ResetOnError, ClaimAnyOrder, VoidDoubtForgotten, VoidedCloses}
}
