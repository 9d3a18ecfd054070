package ups

import "fmt"

// Number makes a UPS tracking number: 1Z, the shipper's number (6), a service code (2), a serial of seven digits
// and the check digit.
func Number(shipper, service string, serial int64) string {
	body := fmt.Sprintf("%s%s%07d", shipper, service, serial%10_000_000)
	return "1Z" + body + string(check(body))
}

// check is UPS's check digit of the fifteen characters between 1Z and itself: letters count as (ASCII - 63) mod 10,
// every second character counts twice, and the digit fills the sum up to a multiple of ten.
func check(body string) byte {
	sum := 0
	for i, c := range []byte(body) {
		v := int(c - '0')
		if c >= 'A' {
			v = int(c-63) % 10
		}
		if i%2 == 1 {
			v *= 2
		}
		sum += v
	}
	return byte('0' + (10-sum%10)%10)
}

// validNumber tells whether s is a whole 1Z number with the right check digit.
func validNumber(s string) bool {
	if len(s) != 18 || s[:2] != "1Z" {
		return false
	}
	for _, c := range []byte(s) {
		if !upperAlnum(c) {
			return false
		}
	}
	return check(s[2:17]) == s[17]
}

func upperAlnum(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' }

func allUpperAlnum(s string) bool {
	for _, c := range []byte(s) {
		if !upperAlnum(c) {
			return false
		}
	}
	return s != ""
}
