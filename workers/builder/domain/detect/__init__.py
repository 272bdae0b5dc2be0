"""Detection: what the files of a workspace ask for, a module a family of files. Pure; nothing is evaluated."""
