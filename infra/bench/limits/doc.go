// Package limits counts what the limits cost and holds it against its goals: calls of the database a decision, fairness
// between tenants, what a flood does to the others, and how a backlog drains at a carrier's pace. Time is virtual and the
// load is drawn from seeds, so that the counts are the same on every machine. make limits prints them as tables.
package limits
