package ddbsim

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Throttled is the answer of a table or index that takes no more (400). The SDK repeats the call.
func Throttled() error {
	return answered(http.StatusBadRequest, &types.ProvisionedThroughputExceededException{
		Message: new("The level of configured provisioned throughput for the table was exceeded."),
	})
}

// Conflict is the answer to a write that meets a transaction on the same item (400). The SDK does not repeat it.
func Conflict() error {
	return answered(http.StatusBadRequest, &types.TransactionConflictException{Message: new("Transaction is ongoing for the item")})
}

// Unavailable is the service's failure (500): the call may or may not have been applied. The SDK repeats it.
func Unavailable() error {
	return answered(http.StatusInternalServerError, &types.InternalServerError{Message: new("Internal server error")})
}

// LostAnswer is a connection that was reset after the request had been sent: the call may or may not have been
// applied. The SDK repeats it.
func LostAnswer() error {
	reset := &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	return &smithyhttp.RequestSendError{Err: &url.Error{Op: "Post", URL: "https://dynamodb/", Err: reset}}
}

// answered wraps an error of the service as the SDK does.
func answered(status int, err error) error {
	return &awshttp.ResponseError{RequestID: "ddbsim", ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err,
	}}
}

// invalid is the service's refusal of a request that is wrong in itself.
func invalid(format string, args ...any) error {
	return &smithy.GenericAPIError{Code: "ValidationException", Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

func syntax(text, near string) error {
	return invalid("Invalid expression: Syntax error; token: %q, in: %q", near, text)
}

// unsupported is this package's own refusal of what it can't do.
func unsupported(format string, args ...any) error {
	return fmt.Errorf("ddbsim does not support "+format, args...)
}
