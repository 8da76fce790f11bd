// Package extract turns an item into the streams of text that lie in it: what
// an archive holds, the cells of a sheet, the parts of a mail, text in another
// encoding.
//
// A Walk looks at the first bytes of a stream and never at its name. What is
// wrapped is unwrapped and looked at again, as deep as Limits allow; what is
// not is handed to the Visitor as text, whatever it is. One set of Limits bounds
// what a whole item may cost, charged on bytes produced, never on sizes that
// the item declares. Formats whose libraries we do not trust with our own
// process run in a child of this program (Process), which is killed at its
// deadline.
//
// This package knows what bytes are wrapped in. It does not know what is
// looked for in them, nor where they come from, and writes no file.
package extract
