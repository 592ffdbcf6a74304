/**
 * What the server tells clients of itself. The first line is what a model sees of deferred tools and searches in, at
 * most 250 characters; some clients repeat all of it with every tool, so it has at most 700.
 */
export const INSTRUCTIONS = [
  'Work on remote machines (environments: servers, GPU boxes, clusters): run shell commands, long-running sessions with input and output, read, edit and patch files, copy files and directories between machines.',
  'Each machine is an environment; list_environments tells their names. Pass one as environment_id, or leave it out for the default.',
  'shell runs a command to its end. exec_command starts what takes longer and gives a session_id for write_stdin, read_output and terminate. Sessions go on between calls.',
  'Edit files with apply_patch and move them with copy_path, rather than by shell.',
].join('\n')
