package sim

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strconv"
	"strings"

	"github.com/fairlead/fairlead/shared/carrier"
)

const numberPrefix = "SIM"

// signs are the characters of a number, each worth its place: ISO 7064, MOD 37,36.
const signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// times is how often an order may be booked: once, and twice by sim-duplicate.
const times = 2

// number is the tracking number of a parcel: 18 characters that follow from our reference and the parcel's place alone,
// so that whoever asks by the reference gets what the booking got. nth is 0 but for what was booked twice.
func number(reference string, nth, parcel int) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"sim", reference, strconv.Itoa(nth), strconv.Itoa(parcel)}, "\x00")))
	n := numberPrefix + base32.StdEncoding.EncodeToString(sum[:])[:14]
	return n + string(checkSign(n))
}

// checkSign is the last character of a number: it betrays every wrong character, and nearly always two that changed places.
func checkSign(n string) byte {
	p := 36
	for _, c := range []byte(n) {
		p += strings.IndexByte(signs, c)
		if p %= 36; p == 0 {
			p = 36
		}
		p = p * 2 % 37
	}
	return signs[(37-p)%36]
}

// numbers are those of every parcel of an order.
func numbers(o carrier.Order, nth int) []string {
	list := make([]string, len(o.Shipment.Parcels))
	for i := range list {
		list[i] = number(o.Reference, nth, i)
	}
	return list
}

// owner is which of an order's bookings a tracking number belongs to; ok is false when it is none of the order's.
func owner(o carrier.Order, trackingNumber string) (nth int, ok bool) {
	for nth := range times {
		if slices.Contains(numbers(o, nth), trackingNumber) {
			return nth, true
		}
	}
	return 0, false
}
