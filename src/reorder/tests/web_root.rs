//! What lies in `/var/www`, where web servers look for pages, and the installs that do not touch it.

use super::*;

const FILES: &[(&str, &str)] = &[("index.php", "x"), ("src/a.php", "x"), ("redis", "x")];

#[test]
fn an_install_passes_a_copy_to_the_web_root_that_it_leaves_alone() {
    for (copy, command, moves) in [
        ("COPY . /var/www/html", "docker-php-ext-install pdo pdo_mysql", true),
        ("COPY . .", "docker-php-ext-install pdo && docker-php-ext-enable pdo", true),
        ("ADD src /var/www/html/src/", "a2enmod rewrite && apt-get install -y git", true),
        ("COPY . /var/www/html", "apt-get update && apt-get install -y git libzip-dev=1.7-1", true),
        ("COPY . /var/www/html", "apt-get update && apt-get install -y git nginx", false),
        ("COPY . /var/www/html", "apt-get update && apt-get install -y libapache2-mod-php", false),
        ("COPY . /var/www/html", "apt-get update && apt-get install -y $MORE", false),
        ("COPY . /var/www/html", "apt-get update && apt-get install -y ./src/x.deb", false),
        ("COPY . /var/www/html", "apt-get update && apt-get upgrade -y", false),
        ("COPY . /var/www/html", "apt-get purge -y apache2", false),
        ("COPY . /var/www/html", "apk add --no-cache icu-dev zip", true),
        ("COPY . /var/www/html", "apk add --no-cache apache2", false),
        ("COPY . /var/www/html", "apk upgrade", false),
        ("COPY . /var/www/html", "dnf install -y libzip-devel", true),
        ("COPY . /var/www/html", "dnf install -y httpd", false),
        ("COPY . /var/www/html", "dpkg --configure -a", false),
        ("COPY --chown=33 . /var/www/html", "usermod -u 1000 www-data", false),
        ("COPY --chown=33 . /var/www/html", "docker-php-ext-install pdo", true),
        ("COPY --chown=www-data . /var/www/html", "docker-php-ext-install pdo", false),
        // The name of a package is looked for as a file first; the WORKDIR of the image is /var/www/html.
        ("COPY . /var/www/html", "pecl install redis", false),
        ("COPY src /var/www/html", "pecl install redis", true),
        ("COPY . /var/www/html", "chown -R www-data /var/www", false),
        ("COPY . /var/www/html", "mkdir -p /var/www/html/cache", false),
        // What lies beside the directories of the system is not known of other packages.
        ("COPY . /var/app", "docker-php-ext-install pdo", false),
        ("COPY . /var/lib/app", "docker-php-ext-install pdo", false),
    ] {
        let text = format!("FROM php:8-apache\n{copy}\nRUN {command}\n");
        let new = text_of(&text, FILES);
        assert_eq!(new != text, moves, "{new}");
    }
}
