package main
import "io"
func printPrices(out io.Writer, runs []outcome) {}
