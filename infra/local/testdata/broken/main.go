// Command broken is a Lambda function for tests that ends before it asks for an invocation.
package main

import "os"

func main() { os.Exit(7) }
