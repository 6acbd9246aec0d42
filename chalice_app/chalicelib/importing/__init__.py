"""Other tools' schedules in our language: Cloud Custodian, AWS Instance Scheduler, kube-downscaler.

A file is read at the border (``*_file``) into what its tool means by it, that is said in our words (`Draft`), rendered
as YAML and read back by our own loader; then both are compared minute by minute over a year (`proof`). What cannot be
said is told with its reason and never guessed: a policy that stops more than its original would is worse than none.
Nothing here talks to AWS; nothing of the peers' code is used.
"""
