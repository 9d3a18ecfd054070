package dynamo

// Size is an item's size as DynamoDB bills it.
var Size = size
