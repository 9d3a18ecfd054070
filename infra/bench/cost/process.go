package main

import "strings"

// token makes a request id of any text: ids have no spaces or commas.
func token(s string) string { return strings.NewReplacer(" ", "-", ",", "").Replace(s) }
