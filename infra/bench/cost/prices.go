package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/fairlead/fairlead/shared/callback"
)

// Amounts here are thousandths of a unit for one booking, and money millionths of a dollar for a million bookings.

// item is one line of the bill.
type item struct {
	name        string
	alone, busy int64 // amounts: each message by itself, and in full batches
	price       int64 // of a million units
	gateway     bool  // it costs less behind an HTTP API
	beside      bool  // not in the totals: the goal does not know it
}

func dollars(amount, price int64) int64 { return amount * price / 1000 }

// bill prices what a flow consumed.
func bill(o outcome) []item {
	c := o.average()
	calls := int64(1000)
	if o.twoCalls {
		calls = 2000
	}
	var requests, seconds item
	for _, name := range inOrder {
		use := o.lambda(name)
		requests.alone, requests.busy = requests.alone+use.alone.requests, requests.busy+use.busy.requests
		seconds.alone, seconds.busy = seconds.alone+use.alone.gbSeconds, seconds.busy+use.busy.gbSeconds
	}
	send, receive := o.messages()
	keys := int64(1000) / bookingsPerKey // book-shipment: the carrier's credentials
	if o.endpoint {
		keys *= 2 // deliver-callback: the signing secret
	}
	logs := o.logBytes / int64(len(o.bookings)) * 1000
	return []item{
		{name: "API Gateway calls", alone: calls, busy: calls, price: priceRESTCall, gateway: true},
		{name: "DynamoDB write units", alone: total(c.writes), busy: total(c.writes), price: priceWriteUnit},
		{name: "DynamoDB write units, label", alone: c.label, busy: c.label, price: priceWriteUnit},
		{name: "DynamoDB read units", alone: total(c.reads), busy: total(c.reads), price: priceReadUnit},
		{name: "Lambda requests", alone: requests.alone, busy: requests.busy, price: priceLambdaRequest},
		{name: "Lambda GB-seconds", alone: seconds.alone, busy: seconds.busy, price: priceGBSecond},
		{name: "SQS requests", alone: send.alone + receive.alone, busy: send.busy + receive.busy, price: priceSQSRequest},
		{name: "KMS requests", alone: keys, busy: keys, price: priceKMSRequest},
		{name: "beside: CloudWatch Logs, bytes", alone: logs, busy: logs, price: priceLogByte, beside: true},
	}
}

// pair is an amount one at a time and in batches.
type pair struct{ alone, busy int64 }

// messages is what SQS bills: every message is sent, received and deleted. relay-events sends in batches, and
// fan-out-events one by one.
func (o outcome) messages() (send, receive pair) {
	const relayed = 2 // to book, and the event
	send = pair{relayed * 1000, relayed * 1000 / batch}
	all := int64(relayed)
	if o.endpoint {
		send.alone, send.busy, all = send.alone+1000, send.busy+1000, all+1
	}
	return send, pair{all * 2 * 1000, all * 2 * 1000 / batch}
}

// use is what Lambda bills for one function.
type use struct{ requests, gbSeconds int64 }

// lambda prices a function's time: what it waits for (assumed) and what it computes (measured, and stretched to the
// share of a processor that its memory gives it). A batch waits once, for its messages go side by side; only
// callbacks to one endpoint go few at a time.
func (o outcome) lambda(name string) struct{ alone, busy use } {
	var out struct{ alone, busy use }
	w := o.work[name]
	if w.invocations == 0 {
		return out
	}
	n := int64(len(o.bookings))
	invocations := w.invocations * 1000 / n
	wait := waitDynamoDB * o.calls(name) / w.invocations
	rounds := int64(1)
	switch name {
	case "relay-events", "fan-out-events":
		wait += waitSQS
	case "book-shipment":
		wait += waitCarrier
	case "deliver-callback":
		wait, rounds = wait+waitEndpoint, batch/callback.PerEndpoint
	}
	compute := w.cpu.Microseconds() / w.invocations
	if w.memoryMB < fullCPU {
		compute = compute * fullCPU / int64(w.memoryMB)
	}
	out.alone = billed(invocations, wait+compute, w.memoryMB)
	out.busy = billed(invocations/batch, rounds*wait+batch*compute, w.memoryMB)
	if name == "create-shipment" || name == "confirm-shipment" { // one call, one invocation
		out.busy = out.alone
	}
	return out
}

// billed rounds each invocation up to a millisecond, as Lambda does.
func billed(invocations, micros int64, memoryMB int) use {
	millis := (micros + 999) / 1000
	return use{invocations, invocations * millis * int64(memoryMB) / 1024 / 1000}
}

// calls counts a function's calls of DynamoDB.
func (o outcome) calls(name string) (n int64) {
	for _, readings := range o.bookings {
		for _, r := range readings {
			if r.Function == name {
				n++
			}
		}
	}
	return n
}

// sums are the totals of a bill, by kind of API.
func sums(items []item) (rest, http pair) {
	for _, i := range items {
		if i.beside {
			continue
		}
		rest.alone, rest.busy = rest.alone+dollars(i.alone, i.price), rest.busy+dollars(i.busy, i.price)
		http.alone, http.busy = http.alone+dollars(i.alone, i.onHTTP()), http.busy+dollars(i.busy, i.onHTTP())
	}
	return rest, http
}

// onHTTP is the item's price behind an HTTP API.
func (i item) onHTTP() int64 {
	if i.gateway {
		return priceHTTPCall
	}
	return i.price
}

// printPrices prints the bill of the first flow and the totals of the others.
func printPrices(out io.Writer, runs []outcome) {
	_, _ = fmt.Fprintf(out, "List price of a million bookings, in dollars (%s):\n", pricesAsOf)
	_, _ = fmt.Fprintf(out, "%s, one callback endpoint, a label of %d bytes.\n\n", runs[0].name, runs[0].label)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "\teach by itself\tREST API\tHTTP API\tin batches of 10\tREST API\tHTTP API\t")
	for _, i := range bill(runs[0]) {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", i.name, units(i.alone), cents(dollars(i.alone, i.price)), cents(dollars(i.alone, i.onHTTP())),
			units(i.busy), cents(dollars(i.busy, i.price)), cents(dollars(i.busy, i.onHTTP())))
	}
	for _, o := range runs {
		rest, http := sums(bill(o))
		_, _ = fmt.Fprintf(w, "TOTAL, %s\t\t%s\t%s\t\t%s\t%s\t\n", o.name, cents(rest.alone), cents(http.alone), cents(rest.busy), cents(http.busy))
	}
	_, _ = fmt.Fprintf(w, "goal, %s\t\t%s\t\t\t%s\t\t\n", runs[0].name, cents(goal), cents(goal))
	_ = w.Flush()
	printLambda(out, runs[0])
	_, _ = fmt.Fprintf(out, `Assumed waits: DynamoDB %d ms a call, SQS %d ms, the carrier %d ms, a callback %d ms. Processor time is this machine's,
with the meter's own, and stretched to the share of a processor that a function's memory gives it.
Left out because a booking adds nothing to it: polls of empty queues, wake, the KMS key itself, alarms. Left out because
this label needs none: S3 (labels over 3 KB gzipped). Left out besides: cold starts, storage, data transfer, what is read
afterwards, and the lines that Lambda itself writes to the logs.

`, waitDynamoDB/1000, waitSQS/1000, waitCarrier/1000, waitEndpoint/1000)
}

// printLambda shows what the Lambda lines are made of.
func printLambda(out io.Writer, o outcome) {
	_, _ = fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "function\tmemory, MB\tinvocations\tprocessor, ms each\tGB-seconds\tin batches\t")
	for _, name := range inOrder {
		f := o.work[name]
		if f.invocations == 0 {
			continue
		}
		u := o.lambda(name)
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t\n", name, f.memoryMB, units(u.alone.requests),
			units(f.cpu.Microseconds()/f.invocations), units(u.alone.gbSeconds), units(u.busy.gbSeconds))
	}
	_ = w.Flush()
	_, _ = fmt.Fprintln(out)
}

// cents prints millionths of a dollar in dollars and cents.
func cents(micros int64) string {
	c := (micros + 5_000) / 10_000
	return fmt.Sprintf("%d.%02d", c/100, c%100)
}
